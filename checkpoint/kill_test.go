package checkpoint_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/optim"
)

var kills = flag.Int("kills", 20, "how often TestKilled kills its program")

// TestMain makes the test binary the program that TestKilled kills, if it is asked to be.
func TestMain(m *testing.M) {
	path := os.Getenv("KEISAN_TEST_TRAIN")
	if path == "" {
		os.Exit(m.Run())
	}
	steps, err := strconv.ParseUint(os.Getenv("KEISAN_TEST_STEPS"), 10, 64)
	if err == nil {
		err = train(path, steps, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// train trains for so many steps in all, and saves after each; it goes on from what is saved.
func train(path string, steps uint64, progress io.Writer) error {
	d, err := device.Open("cpu")
	if err != nil {
		return err
	}
	defer d.Close()
	t := newTraining(d, device.Float32, optim.NewAdam(0.01, 0.9, 0.999))
	if err := t.load(path); err != nil {
		return err
	}
	for t.steps < steps {
		t.step()
		if err := t.save(path); err != nil {
			return err
		}
		fmt.Fprintln(progress, t.steps)
	}
	return nil
}

// A program that is killed again and again, anywhere, ends with the file of one that was left alone.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("there are no processes")
	}
	const most = 10 // steps in a life
	steps := uint64(*kills*most + 10)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	path := filepath.Join(t.TempDir(), "killed")
	start := func() (*exec.Cmd, *bufio.Scanner, *bytes.Buffer) {
		program := exec.Command(os.Args[0])
		program.Env = append(os.Environ(), "KEISAN_TEST_TRAIN="+path, "KEISAN_TEST_STEPS="+strconv.FormatUint(steps, 10))
		var complaints bytes.Buffer
		program.Stderr = &complaints
		out, err := program.StdoutPipe()
		if err == nil {
			err = program.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		return program, bufio.NewScanner(out), &complaints
	}
	for range *kills {
		program, progress, complaints := start()
		for range random.IntN(most) {
			progress.Scan()
		}
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		if err := program.Process.Kill(); err != nil {
			t.Fatalf("it ended by itself: %v: %s", err, complaints)
		}
		if err := program.Wait(); err == nil || complaints.Len() > 0 {
			t.Fatalf("it ended by itself: %v: %s", err, complaints)
		}
	}
	program, progress, complaints := start()
	for progress.Scan() {
	}
	if err := program.Wait(); err != nil {
		t.Fatalf("the last one: %v: %s", err, complaints)
	}

	undisturbed := filepath.Join(t.TempDir(), "undisturbed")
	if err := train(undisturbed, steps, io.Discard); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(undisturbed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("after %d kills the file is not that of an undisturbed run", *kills)
	}
}
