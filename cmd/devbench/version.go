package main

import "runtime/debug"

// version is the tag that the program was built from, or the commit's time and name and whether there were changes since,
// as far as Go knew them: "(devel)" is what go run and a tree without .git give.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
