package cpu_test

import (
	"testing"

	"github.com/keisan-go/keisan/device/devicetest"
)

func TestConformance(t *testing.T) { devicetest.Run(t, devicetest.Require(t, "cpu")) }
