// SPDX-License-Identifier: GPL-2.0-or-later

package testguest

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
)

// Gate returns the linear address of the handler of an interrupt or exception
// vector, from the IDT (Intel SDM vol. 3, 6.14.1: 64-bit gates).
func (vm *VM) Gate(t testing.TB, vector int) uint64 {
	t.Helper()
	at := vm.Unicorn.State().IDT.Base + uint64(16*vector)
	pa, ok := vm.Engine.Translate(at)
	if !ok {
		t.Fatalf("at %v the IDT entry of vector %d at %#x is not mapped", vm.Moment(), vector, at)
	}
	var g [16]byte
	if _, err := vm.RAM.ReadAt(g[:], int64(pa)); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	return uint64(le.Uint16(g[0:])) | uint64(le.Uint16(g[6:]))<<16 | uint64(le.Uint32(g[8:]))<<32
}

// Hit is a stop at a breakpoint.
type Hit struct {
	At machine.Moment
	PC uint64 // linear
}

// Hits runs to a count, or to the end if that is nearer, with breakpoints at
// linear addresses, and returns where it stopped on the way.
func (vm *VM) Hits(t testing.TB, until uint64, breaks ...uint64) []Hit {
	t.Helper()
	for _, b := range breaks {
		vm.Engine.InsertBreak(b)
		defer vm.Engine.RemoveBreak(b)
	}
	var hits []Hit
	for {
		stop, err := vm.Run(until)
		if err != nil && !replay.IsEnd(err) {
			t.Fatalf("running to icount %d with breakpoints at %#x: %v", until, breaks, err)
		}
		if err != nil || stop.Kind != machine.StopBreakpoint {
			return hits
		}
		pc := vm.Engine.PC()
		if !slices.Contains(breaks, pc) {
			t.Fatalf("at %v a breakpoint stopped at pc %#x, want one of %#x", vm.Moment(), pc, breaks)
		}
		hits = append(hits, Hit{vm.Moment(), pc})
		vm.Engine.SkipBreak()
	}
}

// Idle steps until the CPU is halted and returns the address at which it will go on.
func (vm *VM) Idle(t testing.TB) (linear uint64) {
	t.Helper()
	for n := vm.Moment().ICount; !vm.Engine.Halted(); n++ {
		vm.Goto(t, n)
	}
	return vm.Engine.PC()
}
