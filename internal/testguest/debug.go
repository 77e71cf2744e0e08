// SPDX-License-Identifier: GPL-2.0-or-later

package testguest

import (
	"encoding/binary"
	"testing"

	"github.com/vmrr/vmrr/machine"
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

// Hits runs to a count with a breakpoint at a linear address and returns where it
// stopped on the way.
func (vm *VM) Hits(t testing.TB, linear, until uint64) []machine.Moment {
	t.Helper()
	vm.Engine.InsertBreak(linear)
	defer vm.Engine.RemoveBreak(linear)
	var hits []machine.Moment
	for {
		stop, err := vm.Run(until)
		if err != nil {
			t.Fatalf("running to icount %d with a breakpoint at %#x: %v", until, linear, err)
		}
		if stop.Kind != machine.StopBreakpoint {
			return hits
		}
		if pc := vm.Engine.PC(); pc != linear {
			t.Fatalf("at %v the breakpoint stopped pc %#x, want %#x", vm.Moment(), pc, linear)
		}
		hits = append(hits, vm.Moment())
		vm.Engine.SkipBreak()
	}
}
