package device

// SwapBackends makes these the backends there are, for a test, until restore is called.
func SwapBackends(those ...Backend) (restore func()) {
	registry.Lock()
	defer registry.Unlock()
	before := registry.backends
	registry.backends = those
	return func() {
		registry.Lock()
		defer registry.Unlock()
		registry.backends = before
	}
}
