package checkpoint

import (
	"fmt"
	"strings"

	"github.com/keisan-go/keisan/checkpoint/safetensors"
)

// Meta returns the free text of a file that [State.Save] wrote: what a program may have to know before it can make the
// parameters to load. All of the file is checked.
func Meta(path string) (map[string]string, error) {
	meta, err := readMeta(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", path, err)
	}
	return meta, nil
}

func readMeta(path string) (map[string]string, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := verify(f); err != nil {
		return nil, err
	}
	return metaOf(f), nil
}

// metaOf is the free text of a file.
func metaOf(f *safetensors.File) map[string]string {
	meta := map[string]string{}
	for key, value := range f.Metadata {
		if name, ok := strings.CutPrefix(key, ofMeta); ok {
			meta[name] = value
		}
	}
	return meta
}
