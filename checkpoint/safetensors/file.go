package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// A File is a file that is open for reading. It may be used by several goroutines at once.
type File struct {
	Metadata map[string]string // what the header has beside the tensors; it may be empty

	tensors []Info // in the order of their names
	data    io.ReaderAt
	start   int64 // of the data
	mapped  []byte
	close   func() error
}

// Open opens a file and reads its header. Where the system maps files into memory, this one is, and must not be cut
// shorter before Close.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := open(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func open(file *os.File) (*File, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("safetensors: want a file, and this is %v", info.Mode())
	}
	if mapped, ok := mapFile(file, info.Size()); ok {
		f, err := NewFile(bytes.NewReader(mapped), info.Size())
		if err != nil {
			unmap(mapped)
			return nil, err
		}
		file.Close()
		f.mapped, f.close = mapped, func() error { return unmap(mapped) }
		return f, nil
	}
	f, err := NewFile(file, info.Size())
	if err != nil {
		return nil, err
	}
	f.close = file.Close
	return f, nil
}

// NewFile reads the header of a file of so many bytes.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	f, err := newFile(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func newFile(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, fmt.Errorf("the file has %d bytes, want the 8 of a header's length", size)
	}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, fmt.Errorf("the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	switch {
	case n == 0:
		return nil, fmt.Errorf("the header is empty")
	case string(length[:4]) == "PK\x03\x04":
		return nil, fmt.Errorf("the file is a zip archive, as torch.save makes them, want what safetensors.torch.save_file makes")
	case n > maxHeader:
		return nil, fmt.Errorf("the header's length is %d, want at most %d", n, maxHeader)
	case n > uint64(size-8):
		return nil, fmt.Errorf("the header's length is %d, and the file has %d bytes", n, size)
	}
	var header strings.Builder
	header.Grow(int(n))
	if _, err := io.Copy(&header, io.NewSectionReader(r, 8, int64(n))); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	if header.Len() < int(n) {
		return nil, fmt.Errorf("the header: %w", io.ErrUnexpectedEOF)
	}
	start := 8 + int64(n)
	tensors, free, err := parseHeader(header.String(), size-start)
	if err != nil {
		return nil, err
	}
	return &File{Metadata: free, tensors: tensors, data: r, start: start}, nil
}

// Close gives the file back, and the memory that Bytes returned.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	close := f.close
	f.close, f.mapped, f.data = nil, nil, closed{}
	return close()
}

// closed is what a closed file reads.
type closed struct{}

func (closed) ReadAt([]byte, int64) (int, error) { return 0, os.ErrClosed }

// Tensors is what the file has, in the order of the names. It must not be changed.
func (f *File) Tensors() []Info { return f.tensors }

// Lookup is the tensor of a name, if there is one.
func (f *File) Lookup(name string) (Info, bool) {
	i, ok := slices.BinarySearchFunc(f.tensors, name, func(t Info, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return Info{}, false
	}
	return f.tensors[i], true
}

// Bytes is the elements of a tensor, little-endian, row by row. They may be the file itself: they must not be changed, and
// last until Close.
func (f *File) Bytes(name string) ([]byte, error) {
	t, ok := f.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("safetensors: there is no tensor %s", quote(name))
	}
	begin, n := f.start+t.begin, t.end-t.begin
	if f.mapped != nil {
		return f.mapped[begin : begin+n : begin+n], nil
	}
	if n > math.MaxInt {
		return nil, fmt.Errorf("safetensors: tensor %s has %d bytes, more than there are addresses", quote(name), n)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(f.data, begin, n), data); err != nil {
		return nil, fmt.Errorf("safetensors: tensor %s: %w", quote(name), err)
	}
	return data, nil
}

// Values is the elements of a tensor, row by row. It is an error if T is not their type.
func Values[T Element](f *File, name string) ([]T, error) {
	data, err := f.Bytes(name)
	if err != nil {
		return nil, err
	}
	t, _ := f.Lookup(name)
	if want := TypeOf[T](); t.DType != want {
		return nil, fmt.Errorf("safetensors: tensor %s is %v, want %s", quote(name), t, want)
	}
	values := make([]T, len(data)/t.DType.Size())
	if _, err := binary.Decode(data, binary.LittleEndian, values); err != nil {
		return nil, fmt.Errorf("safetensors: tensor %s: %w", quote(name), err)
	}
	return values, nil
}

// Floats is the elements of a tensor of F64, F32, F16 or BF16, each rounded to T.
func Floats[T float32 | float64](f *File, name string) ([]T, error) {
	t, _ := f.Lookup(name)
	switch t.DType {
	case TypeOf[T]():
		return Values[T](f, name)
	case F64:
		return convert(func(v float64) T { return T(v) }, f, name)
	case F32:
		return convert(func(v float32) T { return T(v) }, f, name)
	}
	data, err := f.Bytes(name)
	if err != nil {
		return nil, err
	}
	widen := half
	switch t.DType {
	case F16:
	case BF16:
		widen = func(v uint16) float32 { return math.Float32frombits(uint32(v) << 16) }
	default:
		return nil, fmt.Errorf("safetensors: tensor %s is %v, want F64, F32, F16 or BF16", quote(name), t)
	}
	floats := make([]T, len(data)/2)
	for i := range floats {
		floats[i] = T(widen(binary.LittleEndian.Uint16(data[2*i:])))
	}
	return floats, nil
}

func convert[T, From Element](one func(From) T, f *File, name string) ([]T, error) {
	values, err := Values[From](f, name)
	if err != nil {
		return nil, err
	}
	converted := make([]T, len(values))
	for i, v := range values {
		converted[i] = one(v)
	}
	return converted, nil
}

// half is a number of IEEE 754's binary16: a sign, 5 bits of exponent and 10 of fraction.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // below the normal ones
		return math.Float32frombits(math.Float32bits(float32(fraction)*0x1p-24) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
