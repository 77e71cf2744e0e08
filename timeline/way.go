// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"math"

	"github.com/vmrr/vmrr/machine"
)

// way is a manner of running a machine. Which one is chosen must make no
// difference to the machine: where one does, the engine is at fault.
type way struct {
	name  string
	slice uint64 // instructions between stops; 0: it does not stop
	drop  uint64 // instructions between droppings of all translated code, the first at the start; 0: never
}

// The ways. The slices are odd so that stops fall anywhere in loops and blocks.
var (
	straight = way{name: "in one stretch"}
	cold     = way{name: "with all code translated anew", drop: math.MaxUint64}
	sliced   = way{name: "in slices of 997 instructions", slice: 997}
	fresh    = way{name: "with all code translated anew every 997000 instructions", slice: 997000, drop: 997000}
)

// others are the ways that are tried to tell the engine's faults.
var others = []way{sliced, fresh}

// next returns the count after n at which to stop.
func (w way) next(n uint64) uint64 {
	if w.slice == 0 {
		return math.MaxUint64
	}
	return (n/w.slice + 1) * w.slice
}

// begin is called before the first instruction, between at each stop.
func (w way) begin(m *machine.Machine) { w.between(m, 0) }

func (w way) between(m *machine.Machine, n uint64) {
	if w.drop == 0 || n%w.drop != 0 {
		return
	}
	for _, r := range m.RAM.Regions {
		m.Engine.Invalidate(r.PA, r.Size)
	}
}
