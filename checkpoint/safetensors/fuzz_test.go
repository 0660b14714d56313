package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keisan-go/keisan/checkpoint/safetensors"
)

// seeds is headers that are nearly right, or are, with the bytes of data that they want.
var seeds = map[string]int{
	`{}`: 0,
	`{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}`:         9,
	`{"a":{"dtype":"F64","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F64","shape":[0],"data_offsets":[0,0]}}`:         0,
	`{"__metadata__":{"format":"pt","\u006b\ud83d\ude00":"\n"},"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}   `: 2,
	`{"a":{"dtype":"I64","shape":[4294967296,4294967296],"data_offsets":[0,9223372036854775807]}}`:                        16,
	`{"a":{"dtype":"BOOL","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}`:                               1,
	`{"a":{"dtype":"F16","shape":[-1],"data_offsets":[0,1e9]}}`:                                                           8,
}

// frugal reads a file, and reports if much more is allocated than its header is long.
func frugal(t *testing.T, b []byte) (f *safetensors.File, header int, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err = read(b)
	runtime.ReadMemStats(&after)
	if len(b) >= 8 {
		header = int(min(binary.LittleEndian.Uint64(b), uint64(len(b)-8)))
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > uint64(4*header+1<<20) {
		t.Errorf("%d bytes are allocated for a header of %d", n, header)
	}
	return f, header, err
}

// check reads a file. What is accepted must be what encoding/json reads, and be the same after it was written.
func check(t *testing.T, b []byte) {
	f, header, err := frugal(t, b)
	if err != nil {
		if len(err.Error()) > 2000 {
			t.Errorf("the message has %d bytes", len(err.Error()))
		}
		return
	}

	var want map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+header], &want); err != nil {
		t.Fatalf("encoding/json says %v of %q", err, b[8:8+header])
	}
	if raw, ok := want["__metadata__"]; ok {
		var metadata map[string]string
		if err := json.Unmarshal(raw, &metadata); err != nil || !maps.Equal(metadata, f.Metadata) {
			t.Errorf("the metadata is %q, and to encoding/json %q, %v", f.Metadata, metadata, err)
		}
		delete(want, "__metadata__")
	}
	if len(want) != len(f.Tensors()) {
		t.Errorf("there are %d tensors, and to encoding/json %d", len(f.Tensors()), len(want))
	}
	var tensors []safetensors.Tensor
	for _, got := range f.Tensors() {
		var tensor struct {
			DType   safetensors.DType
			Shape   []int
			Offsets [2]int `json:"data_offsets"`
		}
		if err := json.Unmarshal(want[got.Name], &tensor); err != nil {
			t.Fatalf("tensor %q: %v", got.Name, err)
		}
		data, err := f.Bytes(got.Name)
		begin := 8 + header
		if err != nil || tensor.DType != got.DType || !slices.Equal(tensor.Shape, got.Shape) || !utf8.ValidString(got.Name) ||
			!bytes.Equal(data, b[begin+tensor.Offsets[0]:begin+tensor.Offsets[1]]) {
			t.Errorf("tensor %q is %v of %d bytes, %v, and to encoding/json %+v", got.Name, got, len(data), err, tensor)
		}
		tensors = append(tensors, safetensors.Tensor{Info: got, Data: data})
	}

	var written, again bytes.Buffer
	if err := safetensors.Write(&written, tensors, f.Metadata); err != nil {
		t.Fatal(err)
	}
	g, err := read(written.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Tensors()) != len(tensors) || !maps.Equal(g.Metadata, f.Metadata) {
		t.Errorf("written and read it has %d tensors and the metadata %q, want %d and %q", len(g.Tensors()), g.Metadata, len(tensors), f.Metadata)
	}
	for i, info := range g.Tensors() {
		data, err := g.Bytes(info.Name)
		if want := tensors[i]; err != nil || info.Name != want.Name || info.String() != want.String() || !bytes.Equal(data, want.Data) {
			t.Errorf("written and read, tensor %q is %v, %v, want %v", info.Name, info, err, want)
		}
		tensors[i] = safetensors.Tensor{Info: info, Data: data}
	}
	if err := safetensors.Write(&again, tensors, g.Metadata); err != nil || !bytes.Equal(again.Bytes(), written.Bytes()) {
		t.Errorf("written twice it differs: %v", err)
	}
}

// FuzzFile reads whole files.
func FuzzFile(f *testing.F) {
	for header, data := range seeds {
		f.Add(file(header, data))
	}
	f.Add(binary.LittleEndian.AppendUint64(nil, 10<<30))
	paths, err := filepath.Glob("../../layers/layertest/testdata/*_l1.safetensors")
	if err != nil || len(paths) == 0 {
		f.Fatalf("%d files of PyTorch's weights, %v", len(paths), err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(check)
}

// FuzzHeader reads files whose header's length is right, so that more of them come further.
func FuzzHeader(f *testing.F) {
	for header, data := range seeds {
		f.Add(header, uint16(data))
	}
	f.Fuzz(func(t *testing.T, header string, data uint16) { check(t, file(header, int(data))) })
}

// Headers that make the most of themselves; the first six are right.
func TestAllocation(t *testing.T) {
	full := func(entry string) string {
		var entries []string
		for i := range int64(4<<20) / int64(len(entry)) {
			entries = append(entries, strings.Replace(entry, "NAME", strconv.FormatInt(i, 36), 1))
		}
		return "{" + strings.Join(entries, ",") + "}"
	}
	for i, header := range []string{
		full(`"NAME":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`),
		full(`"NAME":{"dtype":"I8","shape":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"data_offsets":[0,0]}`),
		full(`"NAME\n":{"d\u0074ype":"\u0049\u0038","shape":[0,0,0,0,0,0,0,0,0],"data_offsets":[0,0]}`),
		`{"__metadata__":{"x":"` + strings.Repeat(`\n`, 1<<20) + `"}}`,
		`{"` + strings.Repeat("x", 4<<20) + `":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}`,
		`{"__metadata__":{` + entries(4096) + `}}`,
		full(`"NAME":{"dtype":"I8","shape":[],"data_offsets":[0,0]}`),
		`{"a":{"dtype":"I8","shape":[` + strings.Repeat("1,", 1<<20) + `1],"data_offsets":[0,1]}}`,
		strings.Repeat(`{"a":`, 1<<20),
		`{"` + strings.Repeat("\xff", 4<<20) + `":`,
	} {
		if _, _, err := frugal(t, file(header, 0)); (err == nil) != (i < 6) {
			t.Errorf("header %d: %v", i, err)
		}
	}
}
