// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

const guestRAM = 4 << 20

// Where a micro-guest finds things; testdata/common.S says the same.
const (
	guestTables   = 0x1000
	guestCounts   = 0x6000 // one quadword a vector, incremented by its handler
	guestSkips    = 0x6800 // one quadword a vector, added to RIP on return
	guestIDT      = 0x7000
	guestHandlers = 0x8000 // 64 bytes a vector
	guestBase     = 0x10000
	guestStack    = 0x80000
)

// assemble builds testdata/NAME.S into a flat binary linked at guestBase.
func assemble(t testing.TB, name string) []byte {
	t.Helper()
	dir := t.TempDir()
	elf, bin := filepath.Join(dir, "g.elf"), filepath.Join(dir, "g.bin")
	for _, args := range [][]string{
		{"gcc", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x10000", "-Wl,--build-id=none", "-Wl,-N",
			"-o", elf, filepath.Join("testdata", name+".S")},
		{"objcopy", "-O", "binary", "-j", ".text", elf, bin},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("assembling %s.S: %v: %v\n%s", name, args, err, out)
		}
	}
	code, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// guest is a machine of nothing but a CPU, RAM and a board that logs accesses.
type guest struct {
	*Engine
	t     testing.TB
	ram   []byte
	board *testBoard
	start *x86.State
	image []byte // RAM at the start
}

// access is one device access, with the count at which the board saw it.
type access struct {
	icount uint64
	kind   string
	addr   uint64
	size   int
	value  uint64
}

// testBoard answers reads with a function of the address and the count, so that
// an access at a wrong count shows in the guest's state.
type testBoard struct {
	e      *Engine
	log    []access
	vector uint8
	tpr    uint8
	onOut  func(port uint16, value uint32)
}

func (b *testBoard) add(kind string, addr uint64, size int, value uint64) {
	b.log = append(b.log, access{b.e.ICount(), kind, addr, size, value})
}

func (b *testBoard) PortIn(port uint16, size int) uint32 {
	v := uint32(b.e.ICount()) ^ uint32(port)<<16
	b.add("in", uint64(port), size, uint64(v))
	return v
}

func (b *testBoard) PortOut(port uint16, size int, value uint32) {
	b.add("out", uint64(port), size, uint64(value))
	if b.onOut != nil {
		b.onOut(port, value)
	}
}

func (b *testBoard) MMIORead(pa uint64, size int) uint64 {
	v := b.e.ICount() * 0x9e3779b97f4a7c15
	b.add("read", pa, size, v)
	return v
}

func (b *testBoard) MMIOWrite(pa uint64, size int, value uint64) { b.add("write", pa, size, value) }

func (b *testBoard) AckInterrupt() uint8 {
	b.add("ack", 0, 0, uint64(b.vector))
	b.e.SetInterrupt(false)
	return b.vector
}

func (b *testBoard) TaskPriority() uint8     { return b.tpr }
func (b *testBoard) SetTaskPriority(v uint8) { b.tpr = v }
func (b *testBoard) ReadMSR(index uint32) (uint64, bool) {
	b.add("rdmsr", uint64(index), 0, 0)
	return b.e.ICount(), index == 0x1b
}
func (b *testBoard) WriteMSR(index uint32, value uint64) bool {
	b.add("wrmsr", uint64(index), 0, value)
	return index == 0x1b
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

// newGuest assembles a micro-guest and puts the CPU at its start.
func newGuest(t testing.TB, name string, opts ...guestOption) *guest {
	t.Helper()
	runtime.LockOSThread()
	ram, err := syscall.Mmap(-1, 0, guestRAM, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	board := &testBoard{}
	cfg := Config{RAM: ram, Regions: []Region{{0, guestRAM, 0}}, Board: board, CodeCache: 8 << 20}
	withModel("qemu64")(&cfg)
	for _, o := range opts {
		o(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	board.e = e
	t.Cleanup(func() {
		e.Close()
		syscall.Munmap(ram)
		runtime.UnlockOSThread()
	})
	g := &guest{Engine: e, t: t, ram: ram, board: board}
	code := assemble(t, name)
	copy(ram[guestBase:], code)
	g.buildTables()
	g.buildIDT(code)
	g.start = longModeState()
	g.image = append([]byte(nil), ram...)
	g.rewind()
	return g
}

func (g *guest) quad(pa uint64) uint64       { return binary.LittleEndian.Uint64(g.ram[pa:]) }
func (g *guest) setQuad(pa uint64, v uint64) { binary.LittleEndian.PutUint64(g.ram[pa:], v) }

// buildTables maps the first 1 GiB to itself with 2 MiB pages for user and
// kernel; its first 2 MiB with 4 KiB pages, so that a guest can change single ones.
func (g *guest) buildTables() {
	const flags = 7 // present, writable, user
	g.setQuad(guestTables, 0x2000|flags)
	g.setQuad(0x2000, 0x3000|flags)
	g.setQuad(0x3000, 0x4000|flags)
	for i := uint64(1); i < 512; i++ {
		g.setQuad(0x3000+8*i, i<<21|0x80|flags)
	}
	for i := uint64(0); i < 512; i++ {
		g.setQuad(0x4000+8*i, i<<12|flags)
	}
}

// buildIDT copies the handler stubs of common.S, one a vector, and points gates at them.
func (g *guest) buildIDT(code []byte) {
	find := func(first byte, from int) int { // the stubs are 64-byte aligned and known by their first byte
		for i := from; i+64 <= len(code); i += 64 {
			if code[i] == first && code[i+1] != 0 {
				return i
			}
		}
		g.t.Fatal("common.S: no handler stub found")
		return 0
	}
	plain := find(0x50, 64)                 // push %rax
	withError := find(0x48, plain+64) // add $8, %rsp
	marker := binary.LittleEndian.AppendUint64(nil, 0x1122334455667788)
	for v := uint64(0); v < 256; v++ {
		at := plain
		switch v {
		case 8, 10, 11, 12, 13, 14, 17:
			at = withError
		}
		stub := append([]byte(nil), code[at:at+64]...)
		i := indexOf(stub, marker)
		binary.LittleEndian.PutUint64(stub[i:], guestCounts+8*v)
		h := guestHandlers + 64*v
		copy(g.ram[h:], stub)
		dpl := uint64(0)
		if v == 3 || v == 4 || v >= 0x80 && v != 0x90 {
			dpl = 3
		}
		g.setQuad(guestIDT+16*v, h&0xffff|0x10<<16|(0x8e00|dpl<<13)<<32|(h>>16&0xffff)<<48)
	}
}

func indexOf(b, sub []byte) int {
	for i := 0; i+len(sub) <= len(b); i++ {
		if string(b[i:i+len(sub)]) == string(sub) {
			return i
		}
	}
	return -1
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

// rewind puts CPU and RAM back to the start, with the count at 0.
func (g *guest) rewind() {
	copy(g.ram, g.image)
	g.Invalidate(0, guestRAM)
	g.SetState(g.start)
	g.SetICount(0)
	g.SetInterrupt(false)
	g.board.log = nil
	g.board.tpr = 0
}

// hash is of everything the guest can see, and of what the board saw.
func (g *guest) hash() uint64 {
	h := xxhash.New()
	h.Write(g.Save())
	h.Write(g.ram)
	for _, a := range g.board.log {
		binary.Write(h, binary.LittleEndian, []uint64{a.icount, a.addr, uint64(a.size), a.value})
		h.WriteString(a.kind)
	}
	return h.Sum64()
}

// runTo runs to the count n and fails the test on any other outcome. A guest that
// has halted for good (interrupts off) is at its end: it reports false.
func (g *guest) runTo(n uint64) bool {
	g.t.Helper()
	why, err := g.Run(n)
	if err != nil {
		g.t.Fatal(err)
	}
	if why == cpu.StopHalt {
		return false
	}
	if why != cpu.StopLimit || g.ICount() != n {
		g.t.Fatalf("Run(%d) stopped for %v at icount %d, pc %#x; want the limit", n, why, g.ICount(), g.PC())
	}
	return true
}
