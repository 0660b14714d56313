package layers_test

import (
	"errors"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
)

func TestTry(t *testing.T) {
	if err := layers.Try(func() {}); err != nil {
		t.Errorf("Try of nothing wrong returns %v", err)
	}
	err := layers.Try(func() { layers.NewTanh().Forward(nil) })
	var misuse *device.Misuse
	if !errors.As(err, &misuse) || err.Error() != "layers.Tanh: x is nil" {
		t.Errorf("Try returns %v, want the misuse", err)
	}

	other := errors.New("not a misuse")
	defer func() {
		if r := recover(); r != other {
			t.Errorf("another panic becomes %v, want it to go on", r)
		}
	}()
	err = layers.Try(func() { panic(other) })
	t.Errorf("another panic becomes the error %v", err)
}
