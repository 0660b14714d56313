package move

import (
	"bytes"
	"testing"
)

// TestBytes copies at sizes around those where the way changes, from and to any alignment, and nothing beside.
func TestBytes(t *testing.T) {
	src := make([]byte, 3*least)
	for i := range src {
		src[i] = byte(i*7 + i>>8)
	}
	for _, n := range []int{0, 1, 63, least - 1, least, least + 1, 2*least + 17} {
		for at := range 65 {
			dst, want := make([]byte, 3*least), make([]byte, 3*least)
			copy(want[at:at+n], src[64-at:])
			Bytes(dst[at:at+n], src[64-at:])
			if !bytes.Equal(dst, want) {
				t.Fatalf("%d bytes from %d to %d are not copied, or others are", n, 64-at, at)
			}
		}
	}
	same := bytes.Clone(src)
	if Bytes(same, same); !bytes.Equal(same, src) {
		t.Error("bytes copied onto themselves changed")
	}
	defer func() {
		if recover() == nil {
			t.Error("copied more than there is")
		}
	}()
	Bytes(make([]byte, least+1), src[:least:least])
}
