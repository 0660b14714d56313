// Package checkpoint saves what training has come to, and loads it again: parameters, and with a [State] all else that a
// program needs to go on, to the bit, as if it had never stopped.
//
// A checkpoint is a file in the format of package safetensors: parameters under their names, what the optimizer remembers
// of them under "optimizer/", the rest in the metadata. Equal states make equal files. Everything in a file is under a
// checksum, so that a flipped bit is an error, which names what is damaged. A file that is replaced stays whole until the new
// one is, whatever happens to the program or the machine: that is written to the path with ".tmp" at its end first. So only one
// program, and one goroutine, may save to a path at a time.
package checkpoint

import (
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/keisan-go/keisan/checkpoint/internal/files"
	"github.com/keisan-go/keisan/checkpoint/internal/plan"
	"github.com/keisan-go/keisan/checkpoint/safetensors"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// A State is what a checkpoint holds.
type State struct {
	// Params is the parameters, each under a name of its own. Other tensors can stand among them, such as the state that a
	// recurrent layer carries: those without a Grad, which are not the optimizer's business.
	Params []*layers.Param

	// Optimizer, if there is one, is saved and loaded with what it remembers of the parameters. It must have been made as the
	// one that was saved; its learning rate and the like are not part of a checkpoint.
	Optimizer optim.Stateful

	// Counters is whatever else counts: steps, positions of random streams and of data.
	Counters map[string]uint64

	// Meta is free text.
	Meta map[string]string

	// Convert lets Load round parameters that the file has in another floating-point type.
	Convert bool
}

// Save writes parameters to a file, under their names.
func Save(path string, params []*layers.Param) error { return (&State{Params: params}).Save(path) }

// Load reads the parameters that Save or [State.Save] wrote. It is an error, which lists them, if names, shapes or types
// differ; the parameters are then as they were.
func Load(path string, params []*layers.Param) error { return (&State{Params: params}).Load(path) }

const (
	version   = "1"
	ofVersion = "keisan"     // what these stand under in the metadata
	ofSums    = "crc32c"     // of the rest of the header and of each tensor, in the order of the names
	ofKind    = "optimizer"  // the optimizer's name
	ofOptim   = "optimizer/" // tensors: PARAMETER/steps, and PARAMETER/0 and so on
	ofCounter = "counter/"
	ofMeta    = "meta/"
)

// Save writes the state to a file. It waits for the parameters' device; a failure of that is an error too, and the file then
// stays what it was. It needs as much of the host's memory as the file is long.
func (s *State) Save(path string) error {
	if err := s.save(path); err != nil {
		return fmt.Errorf("checkpoint: save %s: %w", path, err)
	}
	return nil
}

func (s *State) save(path string) error {
	params, err := s.params()
	if err != nil {
		return err
	}
	var tensors []safetensors.Tensor
	add := func(name string, t *tensor.Tensor) error {
		saved, err := of(name, t)
		tensors = append(tensors, saved)
		return err
	}
	metadata := map[string]string{ofVersion: version}
	for _, p := range params {
		if err := add(p.Name, p.Value); err != nil {
			return err
		}
	}
	if s.Optimizer != nil {
		metadata[ofKind] = s.Optimizer.Name()
		for _, p := range params {
			if p.Grad == nil {
				continue
			}
			steps, averages := s.Optimizer.State(p)
			tensors = append(tensors, safetensors.Of(stepsOf(p), []int64{int64(steps)}))
			for i, t := range averages {
				if err := add(averageOf(p, i), t); err != nil {
					return err
				}
			}
		}
	}
	for name, count := range s.Counters {
		metadata[ofCounter+name] = strconv.FormatUint(count, 10)
	}
	for name, text := range s.Meta {
		metadata[ofMeta+name] = text
	}

	slices.SortFunc(tensors, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
	header := crc32.New(castagnoli)
	var sums []byte
	for _, t := range tensors {
		describe(header, t.Info)
		sums = fmt.Appendf(sums, " %08x", crc32.Checksum(t.Data, castagnoli))
	}
	describeMetadata(header, metadata)
	metadata[ofSums] = fmt.Sprintf("%08x%s", header.Sum32(), sums)
	return files.Replace(path, func(w io.Writer) error { return safetensors.Write(w, tensors, metadata) })
}

func stepsOf(p *layers.Param) string          { return ofOptim + p.Name + "/steps" }
func averageOf(p *layers.Param, i int) string { return ofOptim + p.Name + "/" + strconv.Itoa(i) }

// params is the parameters, each once.
func (s *State) params() ([]*layers.Param, error) {
	var once []*layers.Param
	known := map[string]*layers.Param{}
	for i, p := range s.Params {
		switch {
		case p == nil || p.Value == nil:
			return nil, fmt.Errorf("parameter %d is nil, or has no value", i)
		case strings.HasPrefix(p.Name, ofOptim):
			return nil, fmt.Errorf("parameter %q: names that begin with %q are the optimizer's", p.Name, ofOptim)
		case known[p.Name] == nil:
			known[p.Name] = p
			once = append(once, p)
		case known[p.Name].Value != p.Value:
			return nil, fmt.Errorf("two parameters are called %q; want a name for each, such as Sequential gives", p.Name)
		}
	}
	return once, nil
}

// Checksums are CRC-32C, which finds up to three flipped bits of a tensor of less than 256 MiB, any odd number of them and any
// within 32, and all but one in 2³² of other damage: P. Koopman, "32-bit cyclic redundancy codes for internet applications", 2002.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// describe writes what the header tells of a tensor.
func describe(w io.Writer, t safetensors.Info) { fmt.Fprintf(w, "%q %v\n", t.Name, t) }

// describeMetadata writes the metadata, but for the checksums.
func describeMetadata(w io.Writer, metadata map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if key != ofSums {
			fmt.Fprintf(w, "%q %q\n", key, metadata[key])
		}
	}
}

// verify holds a file against its checksums.
func verify(f *safetensors.File) error {
	if v, ok := f.Metadata[ofVersion]; v != version {
		if !ok {
			return fmt.Errorf("it is a safetensors file, but no checkpoint: " +
				"checkpoint/pytorch loads what PyTorch saved, safetensors.Values reads what others did")
		}
		return fmt.Errorf("it is of version %.100q, want %q", v, version)
	}
	if n := 1 + strings.Count(f.Metadata[ofSums], " "); n != 1+len(f.Tensors()) {
		return fmt.Errorf("it is damaged: there are %d checksums, want %d", n, 1+len(f.Tensors()))
	}
	sums := strings.Split(f.Metadata[ofSums], " ")
	header := crc32.New(castagnoli)
	for _, t := range f.Tensors() {
		describe(header, t)
	}
	describeMetadata(header, f.Metadata)
	if sum := fmt.Sprintf("%08x", header.Sum32()); sum != sums[0] {
		return fmt.Errorf("its header is damaged: the checksum is %s, want %.100q", sum, sums[0])
	}
	for i, t := range f.Tensors() {
		data, err := f.Bytes(t.Name)
		if err != nil {
			return err
		}
		if sum := fmt.Sprintf("%08x", crc32.Checksum(data, castagnoli)); sum != sums[i+1] {
			return fmt.Errorf("tensor %q is damaged: its checksum is %s, want %s", t.Name, sum, sums[i+1])
		}
	}
	return nil
}

// Load reads a file into the state: it uploads the parameters, restores what the optimizer remembers, and sets Counters and
// Meta. All is checked before the first upload. If anything is missing, unexpected, damaged or of another shape or type, an
// error lists it, and everything is as it was. A state without an Optimizer takes the parameters of one with it. Load waits for
// the device; it needs as much of the host's memory as the file is long.
func (s *State) Load(path string) error {
	if err := s.load(path); err != nil {
		return fmt.Errorf("checkpoint: load %s: %w", path, err)
	}
	return nil
}

func (s *State) load(path string) error {
	params, err := s.params()
	if err != nil {
		return err
	}
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := verify(f); err != nil {
		return err
	}
	counters := map[string]uint64{}
	for key, value := range f.Metadata {
		if name, ok := strings.CutPrefix(key, ofCounter); ok {
			if counters[name], err = strconv.ParseUint(value, 10, 64); err != nil {
				return fmt.Errorf("counter %.100q is %.100q, want a number of 64 bits", name, value)
			}
		}
	}

	l := loading{file: f, convert: s.Convert, known: map[string]bool{}}
	for _, p := range params {
		l.take(p.Name, p.Value, func() *tensor.Tensor { return p.Value })
	}
	restore := func() {}
	if s.Optimizer != nil {
		switch kind, ok := f.Metadata[ofKind]; {
		case !ok:
			return fmt.Errorf("it was saved without an optimizer, want %q", s.Optimizer.Name())
		case kind != s.Optimizer.Name():
			return fmt.Errorf("it was saved with the optimizer %.100q, want %q", kind, s.Optimizer.Name())
		}
		restore = l.optimizer(s.Optimizer, params)
	}
	for _, t := range f.Tensors() {
		if !l.known[t.Name] && (s.Optimizer != nil || !strings.HasPrefix(t.Name, ofOptim)) {
			l.Fail("unexpected %.100q %v", t.Name, t)
		}
	}
	if err := l.Err(); err != nil {
		return err
	}
	restore()
	if err := l.Do(); err != nil {
		return err
	}
	s.Counters, s.Meta = counters, metaOf(f)
	return nil
}

// loading is a file whose tensors go to where they belong.
type loading struct {
	plan.Plan
	file    *safetensors.File
	convert bool
	known   map[string]bool // the tensors that have a place
}

// has is whether the file has a tensor of this name that is as another is; what is not is noted.
func (l *loading) has(name string, like safetensors.Info) bool {
	t, ok := l.file.Lookup(name)
	l.known[name] = true
	switch {
	case !ok:
		l.Fail("missing %q %v", name, like)
	case !slices.Equal(t.Shape, like.Shape) || t.DType != like.DType && !(l.convert && floats(t.DType) && floats(like.DType)):
		l.Fail("%q is %v, want %v", name, t, like)
	default:
		return true
	}
	return false
}

// take plans that a tensor of the file goes to that which to returns, which is like another.
func (l *loading) take(name string, like *tensor.Tensor, to func() *tensor.Tensor) {
	if !l.has(name, safetensors.Info{DType: typeOf(like), Shape: like.Shape()}) {
		return
	}
	switch like.DType() {
	case device.Float32:
		values, err := safetensors.Floats[float32](l.file, name)
		plan.Upload(&l.Plan, to, values, err)
	case device.Float64:
		values, err := safetensors.Floats[float64](l.file, name)
		plan.Upload(&l.Plan, to, values, err)
	default:
		values, err := safetensors.Values[int32](l.file, name)
		plan.Upload(&l.Plan, to, values, err)
	}
}

// optimizer plans what an optimizer is to remember. The averages have a place once what it returns was called.
func (l *loading) optimizer(o optim.Stateful, params []*layers.Param) (restore func()) {
	steps, averages := map[*layers.Param]int{}, map[*layers.Param][]*tensor.Tensor{}
	for _, p := range params {
		if p.Grad == nil {
			continue
		}
		name := stepsOf(p)
		if !l.has(name, safetensors.Info{DType: safetensors.I64}) {
			continue
		}
		n, err := safetensors.Values[int64](l.file, name)
		switch {
		case err != nil:
			l.Fail("%v", err)
			continue
		case n[0] < 0 || n[0] > math.MaxInt:
			l.Fail("%q is %d, want 0 to %d", name, n[0], math.MaxInt)
			continue
		}
		steps[p] = int(n[0])
		for i := range o.Averages() {
			if n[0] > 0 {
				l.take(averageOf(p, i), p.Value, func() *tensor.Tensor { return averages[p][i] })
			}
		}
	}
	return func() {
		for p, n := range steps {
			averages[p] = o.Restore(p, n)
		}
	}
}

// of is a tensor of a device for a file.
func of(name string, t *tensor.Tensor) (safetensors.Tensor, error) {
	switch t.DType() {
	case device.Float32:
		return download[float32](name, t)
	case device.Float64:
		return download[float64](name, t)
	}
	return download[int32](name, t)
}

func download[T device.Element](name string, t *tensor.Tensor) (safetensors.Tensor, error) {
	// No element first: a tensor that was never allocated may have more of them than the host has room for.
	if err := t.Device().Download(nil, t.Array().Slice.Slice(0, 0)); err != nil {
		return safetensors.Tensor{}, err
	}
	values := make([]T, t.Len())
	err := t.Device().Download(device.Bytes(values), t.Array().Slice)
	return safetensors.Of(name, values, t.Shape()...), err
}

// typeOf is the type that a tensor has in a file.
func typeOf(t *tensor.Tensor) safetensors.DType {
	switch t.DType() {
	case device.Float32:
		return safetensors.F32
	case device.Float64:
		return safetensors.F64
	}
	return safetensors.I32
}

func floats(t safetensors.DType) bool {
	return t == safetensors.F64 || t == safetensors.F32 || t == safetensors.F16 || t == safetensors.BF16
}
