package debug_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// TestOpen asks for checking by the environment.
func TestOpen(t *testing.T) {
	const want = `, want check, or with more behind it: check,allow-nan,shadow=cpu`
	for _, c := range []struct {
		mode, fail string
		checks     bool
	}{
		{mode: ""},
		{mode: "check", checks: true},
		{mode: "check,shadow=cpu", checks: true},
		{mode: "check,shadow=cpu:0", checks: true},
		{mode: "check,allow-nan"},
		{mode: "check,shadow=cpu,allow-nan"},
		{mode: "chekc", fail: `device "cpu": KEISAN_DEBUG is "chekc"` + want},
		{mode: "1", fail: `device "cpu": KEISAN_DEBUG is "1"` + want},
		{mode: "shadow=cpu", fail: `device "cpu": KEISAN_DEBUG is "shadow=cpu"` + want},
		{mode: "check,", fail: `device "cpu": KEISAN_DEBUG is "check,"` + want},
		{mode: "check,check", fail: `device "cpu": KEISAN_DEBUG is "check,check"` + want},
		{mode: "check,shadow", fail: `device "cpu": KEISAN_DEBUG is "check,shadow"` + want},
		{mode: "check,shadow=", fail: `device "cpu": KEISAN_DEBUG is "check,shadow="` + want},
		{mode: "check,shadow=cpu,shadow=cpu", fail: `device "cpu": KEISAN_DEBUG is "check,shadow=cpu,shadow=cpu"` + want},
		{mode: "check,shadow=tpu", fail: `device "cpu": KEISAN_DEBUG is "check,shadow=tpu": device "tpu": there is no such backend; want one of cpu`},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Setenv("KEISAN_DEBUG", c.mode)
			d, err := device.Open("cpu")
			wantError(t, err, c.fail, "", "")
			if err != nil {
				return
			}
			defer d.Close()
			if d.Name() != "cpu" || d.Info().Model != cpu(t).Info().Model {
				t.Errorf("it opens %s, %s", d.Name(), d.Info().Model)
			}
			x := floats(d, []int{1})
			d.Launch(kernels.Binary{Op: kernels.Div, Z: x, X: x, Y: x})
			if checks := d.Sync() != nil; checks != c.checks {
				t.Errorf("it reports 0/0: %v, want %v", checks, c.checks)
			}
		})
	}
	t.Setenv("KEISAN_DEBUG", "check,shadow=cpu")
	_, err := device.Open("cpu:1")
	wantError(t, err, `device "cpu:1": there is no such device; cpu has cpu`, "", "")
}
