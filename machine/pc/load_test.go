// SPDX-License-Identifier: GPL-2.0-or-later

package pc_test

import (
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
)

// Loading a state drives the devices' lines, through controllers that are still as
// they were. An edge that reaches the CPU so — here of the 8254, through an IO-APIC
// input that is in NMI or INIT mode before the load — must leave no trace.
func TestLoadLeavesNoEdge(t *testing.T) {
	vm := testguest.Boot(t, testguest.Options{})
	vm.Goto(t, 1000)
	// Channel 0 in mode 3 with a count: its OUT is high.
	vm.Board.PortOut(0x43, 1, 0x36)
	vm.Board.PortOut(0x40, 1, 0)
	vm.Board.PortOut(0x40, 1, 0)
	saved, want := vm.Save(), vm.Hash()
	for name, delivery := range map[string]uint64{"NMI": 4 << 8, "INIT": 5 << 8} {
		vm.Board.PortOut(0x43, 1, 0x30) // mode 0: OUT is low
		const ioregsel, iowin, input2 = 0xfec00000, 0xfec00010, 0x14
		vm.Board.MMIOWrite(ioregsel, 4, input2)
		vm.Board.MMIOWrite(iowin, 4, delivery)
		if err := vm.Load(saved); err != nil {
			t.Fatal(err)
		}
		if got := vm.Hash(); got != want {
			t.Errorf("%s: the state after the load has hash %x; want %x", name, got, want)
		}
		if stop, err := vm.Run(1001); err != nil || stop.Kind != machine.StopTarget {
			t.Errorf("%s: Run(1001) after the load = %v, %v; want the target", name, stop, err)
		}
		if err := vm.Load(saved); err != nil {
			t.Fatal(err)
		}
	}
}
