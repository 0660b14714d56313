package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/checkpoint/safetensors"
)

// file is a file of this header, with so many bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func read(b []byte) (*safetensors.File, error) {
	return safetensors.NewFile(bytes.NewReader(b), int64(len(b)))
}

// What is not exactly a file is an error that names the tensor and the value.
func TestHostileFiles(t *testing.T) {
	const a = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	length := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), "{}"...) }
	deep := strings.Repeat("1,", 16)
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "the file has 0 bytes, want the 8 of a header's length"},
		{[]byte("1234567"), "the file has 7 bytes"},
		{length(0), "the header is empty"},
		{length(3), "the header's length is 3, and the file has 10 bytes"},
		{length(10 << 30), "the header's length is 10737418240, want at most 16777216"},
		{[]byte("PK\x03\x04 of a zip archive"), "the file is a zip archive, as torch.save makes them"},
		{length(math.MaxUint64), "the header's length is 18446744073709551615"},
		{file(` {}`, 0), `header, byte 0: there is " ", want {`},
		{file(`[]`, 0), `there is "[", want {`},
		{file(`{`, 0), "it ends"},
		{file(`{}{}`, 0), `header, byte 2: there is "{}" after the end`},
		{file("{}\x00", 0), "after the end"},
		{file(`{}`, 1), "the tensors end at byte 0 behind the header, and the file at 1"},
		{file(`{`+a+`}`, 9), "the tensors end at byte 8 behind the header, and the file at 9"},
		{file(`{`+a+`}`, 7), "the tensors end at byte 8 behind the header, and the file at 7"},
		{file(`{`+a+`,}`, 8), `there is '}', want "`},
		{file(`{`+a+` `+a+`}`, 8), `there is '"', want ,`},
		{file(`{`+a+`,`+a+`}`, 8), `tensor "a" stands twice`},
		{file(`{`+a+`,"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`, 8), `tensor "a" stands twice`},
		{file(`{"__metadata__":{},"__metadata__":{}}`, 0), `"__metadata__" stands twice`},
		{file(`{"__metadata__":{"k":"1","\u006b":"2"}}`, 0), `__metadata__: "k" stands twice`},
		{file(`{"__metadata__":{"k":1}}`, 0), `there is '1', want "`},
		{file(`{"__metadata__":null}`, 0), `there is 'n', want {`},
		{file(`{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `tensor "a": dtype stands twice`},
		{file(`{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}`, 8), `tensor "a": shape stands twice`},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"data_offsets":[0,8]}}`, 8), `tensor "a": data_offsets stands twice`},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, 8), `tensor "a": there is a key "x"`},
		{file(`{"a":{"dtype":"F32","shape":[2]}}`, 8), `tensor "a": want dtype, shape and data_offsets`},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}`, 8), `tensor "a": data_offsets are [0], want two`},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8), `tensor "a": data_offsets are [0 8 8], want two`},
		{file(`{"":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), "a tensor has an empty name"},
		{file("{\"a\xff\":{}}", 0), `the string "a\xff" is not UTF-8`},
		{file(`{"\ud800":{}}`, 0), `the string "\\ud800" has an escape that is none`},
		{file(`{"\udc00\ud800":{}}`, 0), "has an escape that is none"},
		{file(`{"\ud83du0041":{}}`, 0), "has an escape that is none"},
		{file(`{"\x41":{}}`, 0), "has an escape that is none"},
		{file(`{"\u00g0":{}}`, 0), "has an escape that is none"},
		{file(`{"\u00":{}}`, 0), "has an escape that is none"},
		{file("{\"a\n\":{}}", 0), "has a control character"},
		{file(`{"a`, 0), `the string "a" has no end`},
		{file(`{"a\`, 0), "has no end"},
		{file(`{"a\"`, 0), "has no end"},
		{file(`{"a":{"dtype":"F12","shape":[2],"data_offsets":[0,8]}}`, 8), `tensor "a": the dtype is "F12", want F64, F32`},
		{file(`{"a":{"dtype":"","shape":[2],"data_offsets":[0,8]}}`, 8), `tensor "a": the dtype is "", want F64`},
		{file(`{"a":{"dtype":4,"shape":[2],"data_offsets":[0,8]}}`, 8), `there is '4', want "`},
		{file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), `tensor "a": F32 [3] is 12 bytes, and data_offsets are [0, 8]`},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), `tensor "a": F32 [2] is 8 bytes, and data_offsets are [8, 0]`},
		{file(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), `tensor "a": shape: there is "-2", want a natural number`},
		{file(`{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}`, 8), `tensor "a": shape: there is "2.0"`},
		{file(`{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}`, 8), `tensor "a": shape: there is "2e0"`},
		{file(`{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}`, 8), `tensor "a": shape: there is "02"`},
		{file(`{"a":{"dtype":"F32","shape":[2,],"data_offsets":[0,8]}}`, 8), `tensor "a": shape: there is ""`},
		{file(`{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}`, 8), "there is '2', want ["},
		{file(`{"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}`, 8), `there is "[2"`},
		{file(`{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}`, 8), `tensor "a": shape: a number is above 9223372036854775807`},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551624]}}`, 8), `tensor "a": data_offsets: a number is above`},
		{file(`{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,8]}}`, 8), `tensor "a": the shape [2147483647 2147483647 2147483647] of F32 has more bytes than can be counted`},
		{file(`{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,0],"data_offsets":[0,0]}}`, 0), "more bytes than can be counted"},
		{file(`{"a":{"dtype":"F64","shape":[2147483647],"data_offsets":[0,17179869176]}}`, 8), "the tensors end at byte 17179869176 behind the header, and the file at 8"},
		{file(`{"a":{"dtype":"U8","shape":[`+deep+`1],"data_offsets":[0,1]}}`, 1), `tensor "a": shape: there are more than 16 numbers`},
		{file(`{`+a+`,"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}}`, 10), `tensor "b" begins at byte 6, before "a" ends at 8`},
		{file(`{`+a+`,"b":{"dtype":"U8","shape":[4],"data_offsets":[9,13]}}`, 13), `tensor "b" begins at byte 9, and bytes 8 to 9 are of no tensor`},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}`, 9), `tensor "a" begins at byte 1, and bytes 0 to 1 are of no tensor`},
		{file(`{"`+strings.Repeat("x", 1000)+`":1}`, 0), "there is '1'"},
		{file(`{"__metadata__":{`+entries(4097)+`}}`, 0), "there are more than 4096 entries"},
	} {
		_, err := read(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "safetensors: ") {
			t.Errorf("%.120q: %v, want %q in it", c.file, err, c.want)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%.120q: the message has %d bytes", c.file, len(err.Error()))
		}
	}
}

// entries is so many entries of metadata.
func entries(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `%s"%d":""`, strings.Repeat(",", min(i, 1)), i)
	}
	return b.String()
}

// What the format leaves open is read.
func TestUnusualFiles(t *testing.T) {
	for header, want := range map[string]string{
		"{}":     "",
		"{ } \n": "",
		`{"a":{"data_offsets":[0,4],"shape":[],"dtype":"F32"}}`:                                                                          "a F32 []",
		"{\"a\" : {\"dtype\"\t:\n\"F32\" , \"shape\" : [ 1 , 1 ] , \"data_offsets\":[ 0 , 4 ] } }":                                       "a F32 [1 1]",
		`{"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`:                    "a BF16 [1] b U8 [2]",
		`{"a":{"dtype":"F64","shape":[0,576460752303423488],"data_offsets":[0,0]},"b":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}`: "a F64 [0 576460752303423488] b I32 [1]",
		`{"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t\uFFFD":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}`:                                  "é😀\"\\/\b\f\n\r\t\uFFFD I32 [1]",
	} {
		if math.MaxInt == math.MaxInt32 && strings.Contains(header, "576460752303423488") {
			continue
		}
		data := 0
		if want != "" {
			data = 4
		}
		f, err := read(file(header, data))
		if err != nil {
			t.Errorf("%s: %v", header, err)
			continue
		}
		var got []string
		for _, info := range f.Tensors() {
			got = append(got, info.Name+" "+info.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: it has %q, want %q", header, got, want)
		}
	}
}

// everything is tensors of every type, and what they hold.
func everything() ([]safetensors.Tensor, map[string]string) {
	return []safetensors.Tensor{
		safetensors.Of("f64", []float64{1.5, math.Inf(-1), math.Copysign(0, -1), math.SmallestNonzeroFloat64}, 2, 2),
		safetensors.Of("f32", []float32{1, 2, 3}, 3, 1),
		safetensors.Of("i64", []int64{math.MinInt64}),
		safetensors.Of("i32", []int32{-1, 1}, 2),
		safetensors.Of("i16", []int16{-2}, 1),
		safetensors.Of("i8", []int8{-3, 3}, 1, 2),
		safetensors.Of("u64", []uint64{math.MaxUint64}, 1),
		safetensors.Of("u32", []uint32{1}, 1),
		safetensors.Of("u16", []uint16{}, 0, 7),
		safetensors.Of("u8", []uint8{255, 0, 1}, 3),
		safetensors.Of("bool", []bool{true, false}, 2),
		safetensors.Of("é \"\\\n\x01", []float32{math.Pi}, 1),
		{Info: safetensors.Info{Name: "half", DType: safetensors.F16, Shape: []int{2}}, Data: []byte{0, 0x3c, 0xff, 0x7b}},
		{Info: safetensors.Info{Name: "brain", DType: safetensors.BF16, Shape: []int{1}}, Data: []byte{0x80, 0x3f}},
	}, map[string]string{"format": "pt", "": "empty", "line\n\"": "\x1f\\é"}
}

func TestRoundTrip(t *testing.T) {
	tensors, metadata := everything()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	inMemory, err := read(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*safetensors.File{opened, inMemory} {
		if !reflect.DeepEqual(f.Metadata, metadata) || len(f.Tensors()) != len(tensors) {
			t.Errorf("the metadata is %q and there are %d tensors", f.Metadata, len(f.Tensors()))
		}
		for _, want := range tensors {
			got, ok := f.Lookup(want.Name)
			data, err := f.Bytes(want.Name)
			if !ok || err != nil || got.String() != want.String() || !bytes.Equal(data, want.Data) {
				t.Errorf("%q is %v of %x, %v, want %v of %x", want.Name, got, data, err, want, want.Data)
			}
		}
		same(t, f, "f64", []float64{1.5, math.Inf(-1), math.Copysign(0, -1), math.SmallestNonzeroFloat64})
		same(t, f, "f32", []float32{1, 2, 3})
		same(t, f, "i64", []int64{math.MinInt64})
		same(t, f, "i32", []int32{-1, 1})
		same(t, f, "i16", []int16{-2})
		same(t, f, "i8", []int8{-3, 3})
		same(t, f, "u64", []uint64{math.MaxUint64})
		same(t, f, "u32", []uint32{1})
		same(t, f, "u16", []uint16{})
		same(t, f, "u8", []uint8{255, 0, 1})
		same(t, f, "bool", []bool{true, false})
		if err := f.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
	}
	if _, err := opened.Bytes("f64"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file's bytes: %v, want %v", err, os.ErrClosed)
	}
}

func same[T safetensors.Element](t *testing.T, f *safetensors.File, name string, want []T) {
	t.Helper()
	if got, err := safetensors.Values[T](f, name); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s is %v, %v, want %v", name, got, err, want)
	}
}

// Equal tensors make equal bytes, in whatever order they come, and elements lie where they are aligned.
func TestEqualBytes(t *testing.T) {
	tensors, metadata := everything()
	var first, second bytes.Buffer
	if err := safetensors.Write(&first, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(tensors)
	if err := safetensors.Write(&second, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the order of the tensors changes the file")
	}
	f, err := read(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range f.Tensors() {
		data, err := f.Bytes(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(first.Bytes(), data); len(data) >= 8 && at%info.DType.Size() != 0 {
			t.Errorf("%q, %v, lies at byte %d", info.Name, info, at)
		}
	}
}

func TestHeaderIsPadded(t *testing.T) {
	for n := range 16 {
		var b bytes.Buffer
		if err := safetensors.Write(&b, nil, map[string]string{"": strings.Repeat("x", n)}); err != nil {
			t.Fatal(err)
		}
		if header := binary.LittleEndian.Uint64(b.Bytes()); header%8 != 0 || int(header)+8 != b.Len() {
			t.Errorf("the header has %d bytes and the file %d, want a multiple of 8 and 8 more", header, b.Len())
		}
	}
}

func TestWriteErrors(t *testing.T) {
	one := safetensors.Of("a", []float32{1}, 1)
	many := map[string]string{}
	for i := range 4097 {
		many[fmt.Sprint(i)] = ""
	}
	for _, c := range []struct {
		tensors  []safetensors.Tensor
		metadata map[string]string
		want     string
	}{
		{[]safetensors.Tensor{one, one}, nil, `tensor "a" stands twice`},
		{[]safetensors.Tensor{safetensors.Of("__metadata__", []float32{1}, 1)}, nil, `tensor "__metadata__" stands twice, or is the name of the metadata`},
		{[]safetensors.Tensor{safetensors.Of("", []float32{1}, 1)}, nil, `tensor "": the name is not UTF-8, or empty`},
		{[]safetensors.Tensor{safetensors.Of("\xff", []float32{1}, 1)}, nil, `tensor "\xff": the name is not UTF-8`},
		{[]safetensors.Tensor{safetensors.Of("a", []float32{1}, 2)}, nil, `tensor "a": F32 [2] is 8 bytes, and there are 4`},
		{[]safetensors.Tensor{safetensors.Of("a", []float32{1}, -1)}, nil, `tensor "a": the shape [-1] has a negative axis`},
		{[]safetensors.Tensor{safetensors.Of("a", []float32{1}, make([]int, 17)...)}, nil, `tensor "a": the shape has 17 axes, want at most 16`},
		{[]safetensors.Tensor{{Info: safetensors.Info{Name: "a", DType: "F8"}}}, nil, `tensor "a": the dtype is "F8", want F64`},
		{nil, map[string]string{"k": "\xff"}, `__metadata__: "k": "\xff" is not UTF-8`},
		{nil, many, "__metadata__: there are 4097 entries, want at most 4096"},
		{nil, map[string]string{"k": strings.Repeat("x", 16<<20)}, "the header's length is"},
	} {
		var b bytes.Buffer
		err := safetensors.Write(&b, c.tensors, c.metadata)
		if err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%v, and %d bytes are written, want %q and none", err, b.Len(), c.want)
		}
	}
	for n := range 2 { // the header, and the tensor
		if err := safetensors.Write(&failing{n}, []safetensors.Tensor{one}, nil); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("write %d fails, and Write returns %v", n, err)
		}
	}
}

// failing fails after n writes.
type failing struct{ n int }

func (w *failing) Write(b []byte) (int, error) {
	if w.n--; w.n < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestFloats(t *testing.T) {
	tensors := []safetensors.Tensor{
		safetensors.Of("f64", []float64{math.Pi, 1e300}, 2),
		safetensors.Of("f32", []float32{math.Pi, -1}, 2),
		safetensors.Of("i32", []int32{1}, 1),
		{Info: safetensors.Info{Name: "f16", DType: safetensors.F16, Shape: []int{1 << 16}}},
		{Info: safetensors.Info{Name: "bf16", DType: safetensors.BF16, Shape: []int{3}}, Data: []byte{0x49, 0x40, 0x80, 0xff, 0x00, 0x80}},
	}
	for i := range 1 << 16 {
		tensors[3].Data = binary.LittleEndian.AppendUint16(tensors[3].Data, uint16(i))
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	f, err := read(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float64{
		"f64": {math.Pi, 1e300}, "f32": {float64(float32(math.Pi)), -1}, "bf16": {3.140625, math.Inf(-1), math.Copysign(0, -1)},
	} {
		wide, err := safetensors.Floats[float64](f, name)
		narrow, also := safetensors.Floats[float32](f, name)
		if err != nil || also != nil || !slices.Equal(wide, want) {
			t.Errorf("%s is %v, %v, %v, want %v", name, wide, err, also, want)
		}
		for i, v := range want {
			if narrow[i] != float32(v) || math.Signbit(wide[i]) != math.Signbit(v) {
				t.Errorf("%s: element %d is %v and %v, want %v", name, i, wide[i], narrow[i], v)
			}
		}
	}

	// Of binary16: the value by its definition, for all of them.
	got, err := safetensors.Floats[float64](f, "f16")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		exponent, fraction := i>>10&31, float64(i&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction/1024, -14)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if i>>15 == 1 {
			want = -want
		}
		if v != want && !(math.IsNaN(v) && math.IsNaN(want)) || math.Signbit(v) != (i>>15 == 1) {
			t.Errorf("half %#04x is %v, want %v", i, v, want)
		}
	}

	for _, c := range []struct {
		read func() error
		want string
	}{
		{func() error { _, err := safetensors.Floats[float32](f, "i32"); return err }, `tensor "i32" is I32 [1], want F64, F32, F16 or BF16`},
		{func() error { _, err := safetensors.Floats[float32](f, "x"); return err }, `there is no tensor "x"`},
		{func() error { _, err := safetensors.Values[float32](f, "f64"); return err }, `tensor "f64" is F64 [2], want F32`},
		{func() error { _, err := safetensors.Values[bool](f, "x"); return err }, `there is no tensor "x"`},
	} {
		if err := c.read(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q in it", err, c.want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := safetensors.Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := safetensors.Open(dir); err == nil || !strings.Contains(err.Error(), "want a file") {
		t.Errorf("a folder: %v", err)
	}
	path := filepath.Join(dir, "x")
	for _, content := range []string{"", "12345678", "12345678{}"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := safetensors.Open(path); err == nil || !strings.HasPrefix(err.Error(), path+": safetensors: ") {
			t.Errorf("%q: %v, want the path before it", content, err)
		}
	}
}

// A reader that does not give what its size promises is told as its error.
func TestReadErrors(t *testing.T) {
	whole := file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8)
	header := len(whole) - 8
	for _, n := range []int{0, 7, 8, header - 1} {
		if _, err := safetensors.NewFile(bytes.NewReader(whole[:n]), int64(len(whole))); err == nil {
			t.Errorf("%d bytes of %d are read without an error", n, len(whole))
		}
	}
	f, err := safetensors.NewFile(bytes.NewReader(whole[:header+4]), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Bytes("a"); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), `tensor "a"`) {
		t.Errorf("half a tensor: %v", err)
	}
}
