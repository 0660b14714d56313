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

// NoDebugger is as if nothing had been imported for KEISAN_DEBUG, for a test, until restore is called.
func NoDebugger() (restore func()) {
	registry.Lock()
	defer registry.Unlock()
	before := registry.debugger
	registry.debugger = nil
	return func() {
		registry.Lock()
		defer registry.Unlock()
		registry.debugger = before
	}
}
