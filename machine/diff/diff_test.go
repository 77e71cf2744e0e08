// SPDX-License-Identifier: GPL-2.0-or-later

package diff_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/diff"
)

// deviceState has a field of each form that devices use.
type deviceState struct {
	On       bool
	Signed   int64
	Counters [3]struct{ Count uint16 }
	FIFO     [16]uint8
	CMOS     [128]uint8
}

type fakeEngine struct{ cpu.Engine }

func (fakeEngine) NewState() any { return new(x86.State) }

type fakeDevice struct{ devices.Device }

func (fakeDevice) Name() string  { return "toy" }
func (fakeDevice) NewState() any { return new(deviceState) }

type fakeBoard struct{ machine.Board }

func (fakeBoard) Devices() []devices.Device { return []devices.Device{fakeDevice{}} }

// ram is a state's RAM; what lies beyond it cannot be read.
type ram []byte

var errRAM = errors.New("no more RAM")

func (r ram) ReadAt(p []byte, offset int64) (int, error) {
	n := copy(p, r[min(int(offset), len(r)):])
	if n < len(p) {
		return n, errRAM
	}
	return n, nil
}

// The second region is shown at 4 GiB.
const (
	low  = 100 * cpu.PageSize
	high = 3 * cpu.PageSize
)

func fakeMachine() *machine.Machine {
	m := &machine.Machine{}
	m.Engine, m.Board = fakeEngine{}, fakeBoard{}
	m.RAM = &machine.RAM{Memory: cpu.Memory{Regions: []cpu.Region{{PA: 0, Size: low}, {PA: 1 << 32, Size: high, Offset: low}}}}
	return m
}

// whole is a state that tests change.
type whole struct {
	at    machine.Moment
	warp  uint64
	end   machine.End
	cpu   x86.State
	toy   deviceState
	ram   ram
	extra []byte // behind the toy's state
}

func (w *whole) state() diff.State {
	return diff.State{RAM: w.ram, State: machine.State{At: w.at, Warp: w.warp, CPU: w.cpu.Encode(), End: w.end,
		Devices: []machine.Blob{{Name: "toy", Data: append(devices.EncodeState(1, &w.toy), w.extra...)}}}}
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(w *whole)
		want   string
	}{
		{"nothing", func(w *whole) {}, ""},
		{"clock", func(w *whole) { w.at.Sub, w.warp, w.end = 2, 7, machine.End{Kind: machine.EndExit, Code: 3} },
			"clock moment: want icount 5, got icount 5+2\nclock warp, ns: want 0, got 7\nclock end: want running, got exit 3\n"},
		{"registers", func(w *whole) {
			w.cpu.Regs[x86.RegRSP], w.cpu.RIP, w.cpu.DR[6] = 0x40, 1, 2
			w.cpu.Segs[x86.SegCS].Selector, w.cpu.GDT.Base, w.cpu.XMM[3][15], w.cpu.Halted = 0x10, 3, 0xfe, 1
		}, "CPU RSP: want 0x0, got 0x40\nCPU RIP: want 0x0, got 0x1\nCPU CS.Selector: want 0x0, got 0x10\n" +
			"CPU GDT.Base: want 0x0, got 0x3\nCPU DR6: want 0x0, got 0x2\n" +
			"CPU XMM[3]: want 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00, got 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fe\n" +
			"CPU Halted: want 0x0, got 0x1\n"},
		{"device", func(w *whole) {
			w.toy.On, w.toy.Signed, w.toy.Counters[1].Count, w.toy.FIFO[0], w.toy.CMOS[0x7f] = true, -2, 9, 'a', 1
		}, "toy On: want false, got true\ntoy Signed: want 0, got -2\ntoy Counters[1].Count: want 0x0, got 0x9\n" +
			"toy FIFO: want 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00, got 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n" +
			"toy CMOS[127]: want 0x0, got 0x1\n"},
		{"a device's state of another length", func(w *whole) { w.extra = []byte{1} }, "toy length, bytes: want 161, got 162\n"},
		{"RAM", func(w *whole) { w.ram[0x1234], w.ram[0x1236], w.ram[0x123c] = 1, 2, 3 },
			"RAM 0x1234: want 00 00 00, got 01 00 02\nRAM 0x123c: want 00, got 03\n"},
		{"RAM over the edge of pages", func(w *whole) { w.ram[0x1fff], w.ram[0x2000] = 1, 2 }, "RAM 0x1fff: want 00 00, got 01 02\n"},
		{"RAM at the end of each region", func(w *whole) { w.ram[low-1], w.ram[low+high-1] = 1, 2 },
			"RAM 0x63fff: want 00, got 01\nRAM 0x100002fff: want 00, got 02\n"},
	} {
		want, got := &whole{at: machine.Moment{ICount: 5}, ram: make(ram, low+high)}, &whole{at: machine.Moment{ICount: 5}, ram: make(ram, low+high)}
		test.change(got)
		list, err := diff.Compare(fakeMachine(), want.state(), got.state())
		if err != nil || list.String() != test.want {
			t.Errorf("%s: Compare says, error %v,\n%swant\n%s", test.name, err, list, test.want)
		}
	}
}

func TestCompareIsBounded(t *testing.T) {
	want, got := &whole{ram: make(ram, low+high)}, &whole{ram: make(ram, low+high)}
	for i := range got.ram {
		got.ram[i] = 0xff
	}
	for i := range got.toy.CMOS {
		got.toy.CMOS[i] = 1
	}
	list, err := diff.Compare(fakeMachine(), want.state(), got.state())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := list.Names(), []string{"RAM", "toy"}; !reflect.DeepEqual(got, want) {
		t.Fatalf("the parts that differ are %q, want %q", got, want)
	}
	for i, more := range []int{(low+high)/16 - diff.MaxOfPart, 128 - diff.MaxOfPart} {
		p := list[i]
		if len(p.Differences) != diff.MaxOfPart || p.More != more {
			t.Errorf("%s: %d differences are listed and %d are not, want %d and %d", p.Name, len(p.Differences), p.More, diff.MaxOfPart, more)
		}
		if line := fmt.Sprintf("%s: %d more differences\n", p.Name, more); !strings.Contains(list.String(), line) {
			t.Errorf("the list does not say %q", line)
		}
	}
	if d := list[0].Differences[1]; d.Address != 0x10 || d.Got != strings.TrimSpace(strings.Repeat("ff ", 16)) {
		t.Errorf("the second difference of RAM is %+v, want 16 bytes at 0x10", d)
	}
}

func TestCompareFails(t *testing.T) {
	want, got := &whole{ram: make(ram, low+high)}, &whole{ram: make(ram, low)}
	if _, err := diff.Compare(fakeMachine(), want.state(), got.state()); !errors.Is(err, errRAM) {
		t.Errorf("comparing RAM that cannot be read: error %v, want %v", err, errRAM)
	}
	none := got.state()
	none.Devices, none.RAM = nil, want.ram
	if _, err := diff.Compare(fakeMachine(), want.state(), none); err == nil {
		t.Error("comparing with a state that has no devices: no error")
	}
}

// Names are given for all of an array's elements or none.
func TestNamesOfElements(t *testing.T) {
	for f := range reflect.TypeFor[x86.State]().Fields() {
		names := strings.Fields(f.Tag.Get("names"))
		if len(names) > 0 && len(names) != f.Type.Len() {
			t.Errorf("x86.State.%s has %d elements and %d names", f.Name, f.Type.Len(), len(names))
		}
	}
}
