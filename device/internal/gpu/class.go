package gpu

import "github.com/keisan-go/keisan/device"

// A class is a device as far as it matters for how kernels run on it.
type class struct {
	cpu    bool // work-groups of one, vectors in registers; otherwise teams of work-items and local memory
	units  int
	lanes  int   // work-items of a team; a power of 2
	items  int   // work-items that a group may have
	local  int64 // bytes of local memory
	vector int   // bytes of a vector
}

func classOf(l Limits) class {
	c := class{units: max(l.Info.Units, 1), lanes: 1, items: 1, local: l.Local, vector: max(l.Vector, 16)}
	if l.Info.Kind == device.CPU || l.Items < 4 {
		c.cpu = true
		return c
	}
	c.items = max(l.Items, 1)
	for c.lanes*2 <= min(c.items, 256) {
		c.lanes *= 2
	}
	return c
}

// vec is how many elements a vector holds. OpenCL has none of more than 16.
func (c class) vec(t device.DType) int { return min(max(c.vector/t.Size(), 2), 16) }

// A geometry is how many groups of how many work-items a launch has.
type geometry struct{ groups, items [2]int }

// each is the geometry for rows × cols independent elements, which EACH deals out along axes 1 and 0.
func (c class) each(rows, cols int) geometry {
	if rows == 0 || cols == 0 {
		return geometry{}
	}
	if c.cpu {
		// A few shares for each unit, none too small to be worth a group.
		const worth = 4096
		shares := min(rows*cols/worth+1, 4*c.units)
		along := min(shares, rows)
		across := min((shares+along-1)/along, cols)
		return geometry{[2]int{across, along}, [2]int{1, 1}}
	}
	// Few shapes of groups, since some drivers compile a function for each.
	width := c.lanes
	switch {
	case rows > 1 && cols <= 8:
		width = min(8, c.lanes)
	case rows > 1 && cols <= 64:
		width = min(64, c.lanes)
	}
	height := c.lanes / width
	if rows == 1 {
		height = 1
	}
	groups := [2]int{(cols + width - 1) / width, (rows + height - 1) / height}
	most := 32 * c.units // enough to fill the device; the work-items take the rest in turn
	groups[0] = min(groups[0], most)
	groups[1] = min(groups[1], max(1, most/groups[0]))
	return geometry{groups, [2]int{width, height}}
}

// teams is the geometry for so many teams' work.
func (c class) teams(n int) geometry {
	most := 32 * c.units
	if c.cpu {
		most = 4 * c.units
	}
	return geometry{[2]int{min(n, most), 1}, [2]int{c.lanes, 1}}
}
