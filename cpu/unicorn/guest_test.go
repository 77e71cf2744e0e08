// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

const guestRAM = 2 << 20

// Where a micro-guest finds things; testdata/common.S says the same.
const (
	guestTables  = 0x1000
	guestPT      = 0x4000
	guestIDT     = 0x7000
	guestStubs   = 0x8000 // 16 bytes a vector
	guestBase    = 0x10000
	guestStack   = 0x80000
	guestData    = 0xc0000
	guestMMIO    = 0x10000000
	guestCounts  = 0x6000
	guestRecords = 0x6800
)

// program is an assembled micro-guest.
type program struct {
	code    []byte
	symbols map[string]uint64
	names   map[uint64]string
}

var programs sync.Map // of *program, by name

// assemble builds testdata/NAME.S, linked at guestBase.
func assemble(t testing.TB, name string) *program {
	t.Helper()
	if p, ok := programs.Load(name); ok {
		return p.(*program)
	}
	source := filepath.Join("testdata", name+".S")
	for _, path := range []string{source, "testdata/common.S"} {
		if _, err := os.ReadFile(path); err != nil { // tells go test what its cached result depends on
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "g.elf")
	cmd := exec.Command("gcc", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x10000", "-Wl,--build-id=none",
		"-Wl,-N", "-Wa,--fatal-warnings", "-o", out, source)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("assembling %s.S: %v\n%s", name, err, msg)
	}
	f, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &program{symbols: map[string]uint64{}, names: map[uint64]string{}}
	if p.code, err = f.Section(".text").Data(); err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Section == 1 && elf.ST_TYPE(s.Info) == elf.STT_NOTYPE {
			p.symbols[s.Name] = s.Value
			p.names[s.Value] = s.Name
		}
	}
	programs.Store(name, p)
	return p
}

// guest is a machine of nothing but a CPU, RAM and a board that logs accesses.
type guest struct {
	*Engine
	t       testing.TB
	ram     []byte
	board   *testBoard
	program *program
	start   *x86.State
	image   []byte  // RAM at the start
	events  []event // in ascending order of count
	fired   int     // how many of them have been
	onHalt  func() bool
}

// event is something from outside that happens at a count, before the next instruction.
type event struct {
	icount uint64
	do     func(g *guest)
}

type guestOption func(*Config)

func withModel(name string) guestOption {
	return func(c *Config) {
		m, err := x86.NewModel(name)
		if err != nil {
			panic(err)
		}
		c.Model = m
	}
}

// mapRAM returns page-aligned memory that the Go collector does not own.
func mapRAM(t testing.TB, size int) []byte {
	t.Helper()
	ram, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(ram) })
	return ram
}

// newGuest assembles a micro-guest and puts the CPU at its start.
func newGuest(t testing.TB, name string, opts ...guestOption) *guest {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	ram := mapRAM(t, guestRAM)
	board := &testBoard{}
	cfg := Config{RAM: ram, Regions: []Region{{PA: 0, Size: guestRAM}}, Board: board, CodeCache: 8 << 20}
	withModel("qemu64")(&cfg)
	for _, o := range opts {
		o(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	board.e = e
	g := &guest{Engine: e, t: t, ram: ram, board: board, program: assemble(t, name)}
	copy(ram[guestBase:], g.program.code)
	g.buildTables()
	g.buildIDT()
	g.start = longModeState()
	g.setImage()
	return g
}

// setImage makes what is in RAM now the start of the guest.
func (g *guest) setImage() {
	g.image = bytes.Clone(g.ram)
	g.Invalidate(0, guestRAM)
	g.rewind()
}

func (g *guest) quad(pa uint64) uint64       { return binary.LittleEndian.Uint64(g.ram[pa:]) }
func (g *guest) setQuad(pa uint64, v uint64) { binary.LittleEndian.PutUint64(g.ram[pa:], v) }

// symbol returns the address of a label of the guest.
func (g *guest) symbol(name string) uint64 {
	g.t.Helper()
	a, ok := g.program.symbols[name]
	if !ok {
		g.t.Fatalf("the guest has no label %q", name)
	}
	return a
}

// buildTables maps the first 1 GiB to itself with 2 MiB pages for user and
// kernel; its first 2 MiB with 4 KiB pages, so that a guest can change single ones.
func (g *guest) buildTables() {
	const flags = 7 // present, writable, user
	g.setQuad(guestTables, 0x2000|flags)
	g.setQuad(0x2000, 0x3000|flags)
	g.setQuad(0x3000, guestPT|flags)
	for i := uint64(1); i < 512; i++ {
		g.setQuad(0x3000+8*i, i<<21|0x80|flags)
	}
	for i := uint64(0); i < 512; i++ {
		g.setQuad(guestPT+8*i, i<<12|flags)
	}
}

// buildIDT makes the stub of each vector and the gate that points at it. Gates 3,
// 4 and 0x80 upwards may be used by user mode.
func (g *guest) buildIDT() {
	for v := uint64(0); v < 256; v++ {
		at := guestStubs + 16*v
		stub := []byte{0x6a, 0} // push $0
		switch v {
		case 8, 10, 11, 12, 13, 14, 17:
			stub = []byte{0x90, 0x90} // the CPU pushes an error code
		}
		stub = binary.LittleEndian.AppendUint32(append(stub, 0x68), uint32(v))                           // push $v
		stub = binary.LittleEndian.AppendUint32(append(stub, 0xe9), uint32(g.symbol("handler")-(at+12))) // jmp handler
		copy(g.ram[at:], stub)
		dpl := uint64(0)
		if v == 3 || v == 4 || v >= 0x80 {
			dpl = 3
		}
		ist := uint64(0)
		if v == 8 || v == 14 {
			ist = 1 // on a stack that is good for sure
		}
		g.setQuad(guestIDT+16*v, at&0xffff|0x10<<16|(0x8e00|dpl<<13|ist)<<32)
	}
}

// longModeState is a 64-bit kernel with flat segments at guestBase.
func longModeState() *x86.State {
	s := &x86.State{
		RIP: guestBase, RFLAGS: 2,
		CR0: 0x80010033, CR3: guestTables, CR4: 0x620, EFER: 0xd01,
		DR: [8]uint64{6: 0xffff0ff0, 7: 0x400}, PAT: 0x0007040600070406, MiscEnable: 1,
		FPControl: 0x37f, MXCSR: 0x1f80, FPTags: [8]byte{1, 1, 1, 1, 1, 1, 1, 1}, A20: 1,
	}
	s.Regs[x86.RegRSP] = guestStack
	for i := range s.Segs {
		s.Segs[i] = x86.Segment{Selector: 0x18, Limit: 0xffffffff, Flags: 0xcf9300}
	}
	s.Segs[x86.SegCS] = x86.Segment{Selector: 0x10, Limit: 0xffffffff, Flags: 0xaf9b00}
	return s
}

// rewind puts CPU and RAM back to the start, with the count at 0. Translations of
// pages that have not changed are kept, as a restore of a snapshot keeps them.
func (g *guest) rewind() {
	for at := uint64(0); at < guestRAM; at += cpu.PageSize {
		if page := g.image[at : at+cpu.PageSize]; !bytes.Equal(g.ram[at:at+cpu.PageSize], page) {
			copy(g.ram[at:], page)
			g.Invalidate(at, cpu.PageSize)
		}
	}
	g.SetState(g.start)
	g.SetICount(0)
	g.SetInterrupt(false)
	g.board.log = nil
	g.board.tpr = 0
	g.fired = 0
}

// hash is of everything the guest can see, and of what the board saw.
func (g *guest) hash() uint64 {
	h := xxhash.New()
	h.Write(g.Save())
	h.Write(g.ram)
	for _, a := range g.board.log {
		var b []byte
		for _, v := range []uint64{a.icount, a.addr, uint64(a.size), a.value} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		h.Write(append(b, a.kind...))
	}
	return h.Sum64()
}

// runTo runs to the count n, with the events that happen on the way, and fails
// the test on any other outcome. A guest that has halted for good (interrupts
// off) is at its end: it reports false.
func (g *guest) runTo(n uint64) bool {
	g.t.Helper()
	for {
		limit := n
		for g.fired < len(g.events) && g.events[g.fired].icount == g.ICount() && g.ICount() < n {
			g.events[g.fired].do(g)
			g.fired++
		}
		if g.fired < len(g.events) && g.events[g.fired].icount < n {
			limit = g.events[g.fired].icount
		}
		why, err := g.Run(limit)
		if err != nil {
			g.t.Fatal(err)
		}
		switch {
		case why == cpu.StopHalt && g.ICount() < n:
			if !g.Interruptible() && (g.onHalt == nil || !g.onHalt()) {
				return false
			}
		case why != cpu.StopLimit || g.ICount() != limit:
			g.t.Fatalf("Run(%d) stopped for %v at icount %d, pc %#x; want the limit", limit, why, g.ICount(), g.PC())
		case limit == n:
			return true
		}
	}
}
