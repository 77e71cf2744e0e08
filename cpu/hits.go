// SPDX-License-Identifier: GPL-2.0-or-later

package cpu

import "fmt"

// WatchKind is what a watchpoint looks for.
type WatchKind int

// The kinds.
const (
	WatchNone   WatchKind = iota // in a Hit: it is a breakpoint's
	WatchChange                  // a store that changes the value; of more than 64 bytes, any store
	WatchLoad                    // a load
	WatchAccess                  // a load or a store
)

func (k WatchKind) String() string {
	return [...]string{"no watchpoint", "change", "load", "access"}[k]
}

// Watch is a watchpoint: on Size bytes of memory, from Addr. A page walk and a store
// by the walker, of accessed and dirty bits, is no access. A load that is not aligned
// counts as one of the two aligned words that it lies in.
type Watch struct {
	Addr, Size uint64
	Kind       WatchKind
	Physical   bool // Addr is a guest physical address, else a linear one in any address space
}

func (w Watch) String() string {
	space := "linear"
	if w.Physical {
		space = "physical"
	}
	return fmt.Sprintf("%v of %d bytes at %s address %#x", w.Kind, w.Size, space, w.Addr)
}

// HitMode is what the hit of a breakpoint or watchpoint does.
type HitMode int

// The modes.
const (
	HitStops   HitMode = iota // Run returns
	HitIgnored                // nothing
	HitCounted                // it is counted, and Run goes on
)

// Hit is a breakpoint or watchpoint that was met.
type Hit struct {
	// ICount is, of a breakpoint, the count before the instruction under it; of a
	// watchpoint, that behind the instruction which did the access. What the delivery
	// of an interrupt or fault accesses counts as the handler's first instruction.
	ICount uint64
	Addr   uint64    // of the breakpoint, or the first watched byte that was accessed
	Watch  WatchKind // WatchNone: it is a breakpoint's
	Store  bool      // the access was a store
	// By is who stored if no instruction did, as "the debugger"; an engine leaves it
	// empty. What is stored between two instructions counts as the second one's.
	By string
}

// Place returns the count at which the machine is before the hit.
func (h Hit) Place() uint64 {
	if h.Watch == WatchNone {
		return h.ICount
	}
	return h.ICount - 1
}
