// SPDX-License-Identifier: GPL-2.0-or-later

// Package testguest boots the test guest that "make guests" builds, for the
// tests of everything that needs a real operating system to run.
package testguest

import (
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
)

// The kernels of the guest. Vmlinux is entered directly and powers off after about
// 2.6e9 instructions, Vmlinuz unpacks itself first and takes about 7.3e9.
const (
	Vmlinux = "vmlinux"
	Vmlinuz = "vmlinuz"
)

// RAM is the guest's memory in bytes.
const RAM = 256 * pc.MiB

// WallClock is what the guest's real-time clock says at power-on: 2024-02-29
// 12:34:56 UTC, in s since 1970.
const WallClock = 1709210096

// Forever is a count that no run reaches.
const Forever = math.MaxUint64

var seed = flag.Uint64("seed", 1, "of what the tests choose at random; the same one chooses the same")

// Random returns a source of random numbers, the same in every run with the same
// flag -seed. n tells several of a test program apart.
func Random(n uint64) *rand.Rand { return rand.New(rand.NewPCG(*seed, n)) }

// Options are what tests vary; the zero value boots Vmlinux with no input.
type Options struct {
	Kernel    string
	Words     string         // more words on the kernel's command line
	Inputs    machine.Inputs // nil: Live()
	Reboot    bool           // a reset does not end the run
	CPU       string         // model; "": qemu64
	RAM       uint64         // bytes; 0: the constant RAM
	Shift     uint           // an instruction takes 2^Shift ns
	CodeCache uint64         // bytes; 0: the engine's default
	// Console is called with each new byte of the first serial port.
	Console func(b byte)
	// Board, if not nil, stands between the engine and the board.
	Board func(cpu.Board) cpu.Board
}

// VM is a machine with the guest in it.
type VM struct {
	*machine.Machine
	PC      *pc.PC
	Unicorn *unicorn.Engine
	console []byte
}

// Live returns a door with a fixed wall clock, behind which nobody waits.
func Live() *replay.Live {
	return replay.NewLive(func() time.Time { return time.Unix(WallClock, 0) }, rand.NewChaCha8([32]byte{}), false)
}

// New builds a machine, switched off. It locks the calling goroutine, the test's
// own, to its thread until the test ends. With -short, it skips the test.
func New(t testing.TB, o Options) *VM {
	t.Helper()
	if testing.Short() {
		t.Skip("it boots a guest, which takes seconds")
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	if o.Kernel == "" {
		o.Kernel = Vmlinux
	}
	if o.Inputs == nil {
		o.Inputs = Live()
	}
	if o.CPU == "" {
		o.CPU = "qemu64"
	}
	if o.RAM == 0 {
		o.RAM = RAM
	}
	vm := &VM{}
	open := func(mem cpu.Memory, model *x86.Model, board cpu.Board) (cpu.Engine, error) {
		if o.Board != nil {
			board = o.Board(board)
		}
		e, err := unicorn.New(unicorn.Config{
			RAM: mem.Host, Regions: mem.Regions, Model: model, Board: board, CodeCache: o.CodeCache})
		vm.Unicorn = e
		return e, err
	}
	out := pc.Outputs{Serial: func(port int, offset uint64, b byte) {
		if port == 0 && offset == uint64(len(vm.console)) {
			vm.console = append(vm.console, b)
			if o.Console != nil {
				o.Console(b)
			}
		}
	}}
	cfg := pc.Config{
		RAM: o.RAM, CPU: o.CPU, Shift: o.Shift, NoReboot: !o.Reboot,
		Kernel: File(t, o.Kernel), Initrd: File(t, "initrd.gz"),
		CommandLine: "console=ttyS0 panic=-1 " + o.Words,
	}
	var err error
	if vm.Machine, vm.PC, err = pc.New(cfg, open, o.Inputs, out); err != nil {
		t.Fatalf("building the guest's machine: %v", err)
	}
	t.Cleanup(vm.PC.Close)
	switch door := o.Inputs.(type) {
	case *replay.Recorder:
		door.Clock = vm.Clock.Now
	case *replay.Player:
		door.Clock = vm.Clock.Now
	}
	return vm
}

// Boot builds a machine and switches it on.
func Boot(t testing.TB, o Options) *VM {
	t.Helper()
	vm := New(t, o)
	if err := vm.PowerOn(); err != nil {
		t.Fatal(err)
	}
	return vm
}

// Console returns what the guest has printed so far. What it prints again after
// a jump into the past is not new.
func (vm *VM) Console() string { return string(vm.console) }

// Goto runs forward to a count and fails the test if the machine stops elsewhere.
func (vm *VM) Goto(t testing.TB, n uint64) {
	t.Helper()
	stop, err := vm.Run(n)
	if err != nil {
		t.Fatalf("running to icount %d: %v", n, err)
	}
	if at := vm.Moment(); stop.Kind != machine.StopTarget || at.ICount != n {
		t.Fatalf("running to icount %d: stopped at %v with %+v, want it there", n, at, stop)
	}
}

// Finish runs to the guest's power-off and returns its moment.
func (vm *VM) Finish(t testing.TB) machine.Moment {
	t.Helper()
	stop, err := vm.Run(Forever)
	if err != nil {
		t.Fatalf("running to the end: %v", err)
	}
	if stop.Kind != machine.StopEnd || stop.End.Kind != machine.EndPowerOff {
		t.Fatalf("running to the end: stopped at %v with %+v, want a power-off; the console ends:\n%s",
			vm.Moment(), stop, tail(vm.Console()))
	}
	return vm.Moment()
}

func tail(s string) string { return s[max(0, len(s)-1000):] }

var files sync.Map // name → func() ([]byte, error)

// File returns a file of the guest. It is read once; nobody may change it.
func File(t testing.TB, name string) []byte {
	t.Helper()
	read, _ := files.LoadOrStore(name, sync.OnceValues(func() ([]byte, error) {
		root, err := Root()
		if err != nil {
			return nil, err
		}
		return os.ReadFile(filepath.Join(root, "build", "guests", "x86_64", name))
	}))
	b, err := read.(func() ([]byte, error))()
	if err != nil {
		t.Fatalf("%v: run \"make guests\" first", err)
	}
	return b
}

// Root returns the directory of the module: the nearest above the working
// directory that holds a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", os.ErrNotExist
		}
		dir = up
	}
}
