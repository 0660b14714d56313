package main

import (
	"encoding/gob"
	"encoding/json"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
	"os"
	"path/filepath"
)

type embedding struct {
	*layers.Affine
	w      *tensor.Tensor
	onehot []float32
	x      *tensor.Tensor
}

func newEmbedding(w *tensor.Tensor) *embedding { return &embedding{Affine: layers.NewMatMul(w), w: w} }

func (e *embedding) Forward(ids []int, shape ...int) *tensor.Tensor {
	v := e.w.Shape()[0]
	if len(e.onehot) != len(ids)*v {
		e.onehot = make([]float32, len(ids)*v)
		e.x = tensor.New(e.w.Device(), e.w.DType(), append(shape, v)...)
	}
	clear(e.onehot)
	for i, id := range ids {
		e.onehot[i*v+id] = 1
	}
	tensor.Set(e.x, e.onehot)
	return e.Affine.Forward(e.x)
}

type dropout struct {
	*layers.Binary
	p      float64
	s      *philox.Stream
	values []float32
	mask   *tensor.Tensor
}

func newDropout(p float64, seed uint64) *dropout {
	return &dropout{layers.NewMul(), p, philox.New(seed, 99), nil, nil}
}
func (e *dropout) Forward(x *tensor.Tensor) *tensor.Tensor {
	if e.mask == nil {
		e.mask = tensor.New(x.Device(), device.Float32, x.Shape()...)
		e.values = make([]float32, x.Len())
	}
	scale := [2]float32{0, float32(1 / (1 - e.p))}
	limit := byte(e.p * 256)
	x0 := e.s.Uint64() | 1
	for i := 0; i < len(e.values); i += 8 {
		x0 ^= x0 << 13
		x0 ^= x0 >> 7
		x0 ^= x0 << 17
		u := x0 * 0x9E3779B97F4A7C15
		for j := range min(8, len(e.values)-i) {
			k := 0
			if byte(u>>(8*j)) >= limit {
				k = 1
			}
			e.values[i+j] = scale[k]
		}
	}
	tensor.Set(e.mask, e.values)
	return e.Binary.Forward(x, e.mask)
}
func (e *dropout) Backward(dy *tensor.Tensor) *tensor.Tensor {
	dx, _ := e.Binary.Backward(dy)
	return dx
}
func (e *dropout) Params() []*layers.Param { return nil }

func saveInterim(file string, params []*layers.Param, meta any) error {
	os.MkdirAll(filepath.Dir(file), 0o777)
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	m, _ := json.Marshal(meta)
	all := [][]float32{}
	for _, p := range params {
		v, err := tensor.Values[float32](p.Value)
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	g := gob.NewEncoder(f)
	if err := g.Encode(m); err != nil {
		return err
	}
	return g.Encode(all)
}

func loadInterim(file string, meta any, params []*layers.Param) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var m []byte
	all := [][]float32{}
	g := gob.NewDecoder(f)
	if err := g.Decode(&m); err != nil {
		return err
	}
	if meta != nil {
		if err := json.Unmarshal(m, meta); err != nil {
			return err
		}
	}
	if err := g.Decode(&all); err != nil {
		return err
	}
	for i, p := range params {
		tensor.Set(p.Value, all[i])
	}
	return nil
}
