// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

func TestBadPackets(t *testing.T) {
	huge := strings.Repeat("f", 5000)
	tests := []struct{ packet, want string }{
		{"", ""}, {"y", ""}, {"\xff\x00", ""}, {"q", ""}, {"v", ""}, {"b", ""}, {"bx", ""},
		{"qUnknown:1", ""}, {"vFile:unlink:2f", ""}, {"vMustReplyEmpty", ""}, {"qTStatus", ""},
		{"vRun;", ""}, {"vAttach;1", ""}, {"qSymbol::", ""}, {"qOffsets", ""}, {"QNonStop:1", ""},
		{"m", "E22"}, {"m1000", "E22"}, {"m1000,", "E22"}, {"mzz,1", "E22"}, {"m" + huge + ",1", "E22"},
		{"m0,10", "E14"}, {"mffffffffffffffff,ffffffffffffffff", "E14"}, {"m1000,0", ""},
		{"M1000,1", "E22"}, {"M1000,1:9", "E22"}, {"M1000,2:90", "E22"}, {"M1000,1:zz", "E22"},
		{"M0,1:90", "E14"}, {"Mffffffffffffffff,2:9090", "E22"}, {"X1000,1", "E22"}, {"X1000,2:a", "E22"},
		{"X0,0:", "OK"}, {"X" + huge + ",1:a", "E22"},
		{"p", "E22"}, {"p-1", "E22"}, {"pffff", "E22"}, {"p" + huge, "E22"},
		{"P", "E22"}, {"P0", "E22"}, {"P0=", "E22"}, {"P0=00", "E22"}, {"Pff=00", "E22"},
		{"P0=" + strings.Repeat("00", 9), "E22"}, {"P0=zz00000000000000", "E22"},
		{"G", "E22"}, {"G00", "E22"}, {"Gxyz", "E22"}, {"G" + huge, "E22"},
		{"vCont", "E22"}, {"vCont;", "E22"}, {"vCont;q", "E22"}, {"vCont;c:2", "E22"}, {"vCont;c:px", "E22"},
		{"vCont;r1000", "E22"}, {"vCont;C", "E22"}, {"vCont;Czz", "E22"}, {"vCont;s;", "E22"}, {"vCont;c1", "E22"},
		{"cxyz", "E22"}, {"Cxy", "E22"}, {"C05;", "E22"}, {"S", "E22"}, {"bc:1", "E22"}, {"bs;1", "E22"},
		{"Z", ""}, {"Z9,0,1", ""}, {"Z0", "E22"}, {"Z0,1000", "E22"}, {"Z0,zz,1", "E22"}, {"Z2,1000,1;X3,220127", "E22"},
		{"Z0,1000,1;cmds:0,X1,27", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;X1", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;X,27", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;X4,220127", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;X2,220127", "E.inserting software breakpoint at 0x1000: reading an agent expression: its 2 bytes have no end"},
		{"Z0,1000,1;X" + huge + ",27", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;X8000000000000001,27", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;X1,zz", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;;;X3,220127", "E.inserting software breakpoint at 0x1000: want X, a length, a comma and as many bytes in hex"},
		{"Z0,1000,1;X3,22010d", "E.inserting software breakpoint at 0x1000: reading an agent expression: opcode 0x0d at offset 2 is not known, or not for conditions"},
		{"z0,1000,1;X3,220127", "E22"},
		{"Z2,1000,0", "E22"}, {"Z2,ffffffffffffffff,2", "E22"}, {"z", ""}, {"z0,1000,1", "OK"},
		{"Z0,ffffffffffffffff,1", "E.inserting software breakpoint at 0xffffffffffffffff: no such address"},
		{"H", "E22"}, {"Hg", "E22"}, {"Hgp", "E22"}, {"Hg2", "E22"}, {"Hq1", "E22"}, {"Hgp2.1", "E22"},
		{"Hg0", "OK"}, {"Hc-1", "OK"}, {"Hgp1.1", "OK"}, {"Hgp0.0", "OK"}, {"Hgp1.-1", "OK"}, {"Hgp-1.-1", "OK"},
		{"T", "E22"}, {"T2", "E22"}, {"Tp1.2", "E22"}, {"T1", "OK"}, {"Tp1.1", "OK"},
		{"qThreadExtraInfo", "E22"}, {"qThreadExtraInfo,2", "E22"}, {"qThreadExtraInfo,1", "4350552330"},
		{"qRcmd", "E22"}, {"qRcmd,0", "E22"}, {"qRcmd,zz", "E22"},
		{"qSearch:memory:1000", "E22"}, {"qSearch:memory:1000;10;", "E22"}, {"qSearch:memory:x;10;a", "E22"},
		{"qSearch:disk:1000;10;a", ""}, {"qSearch:memory:0;ffffffffffffffff;a", "E14"},
		{"qXfer", "E22"}, {"qXfer:features", "E22"}, {"qXfer:features:read:x.xml:0,10", "E00"},
		{"qXfer:features:read:target.xml:0", "E22"}, {"qXfer:features:read:target.xml:fffff,1", "E22"},
		{"qXfer:features:write:target.xml:0:a", ""}, {"qXfer:auxv:read::0,1", ""}, {"qXfer:memory-map:read::0,1", ""},
		{"qXfer:features:read:target.xml:0,0", "m"}, {"qXfer:features:read:target.xml:0," + huge, "E22"},
		{"Qqemu.PhyMemMode:2", "E22"}, {"D;2", "E22"}, {"Dx", "E22"}, {"vKill", "E22"}, {"vKill;7", "E22"},
	}
	f := newFake()
	s := newTestSession(t, f)
	before := fmt.Sprint(f.regs, f.mem, f.breaks, f.icount())
	for _, tt := range tests {
		if got := ask(s, tt.packet); got != tt.want {
			t.Errorf("packet %.80q: got %q; want %q", tt.packet, got, tt.want)
		}
		if s.over {
			t.Fatalf("packet %.80q ended the session", tt.packet)
		}
	}
	if after := fmt.Sprint(f.regs, f.mem, f.breaks, f.icount()); after != before {
		t.Error("malformed packets changed the guest")
	}
}

func TestMinimalTarget(t *testing.T) {
	s := newTestSession(t, plain{newFake()})
	got := ask(s, "qSupported:multiprocess+")
	for _, feature := range []string{"ReverseStep+", "ReverseContinue+", "memory-map", "ConditionalBreakpoints+"} {
		if strings.Contains(got, feature) {
			t.Errorf("qSupported of a plain target = %q; want no %s", got, feature)
		}
	}
	for _, p := range []string{"bs", "bc", "Z2,2000,1", "qRcmd,68", "qqemu.Supported", "qqemu.PhyMemMode", "Qqemu.PhyMemMode:1"} {
		if got := ask(s, p); got != "" {
			t.Errorf("packet %q to a plain target: got %q; want an empty answer", p, got)
		}
	}
	if got := ask(s, "Z0,1004,1;X3,220127"); got != "E22" {
		t.Errorf("a condition to a plain target: got %q; want E22", got)
	}
}

func TestReadOnly(t *testing.T) {
	f := newFake()
	f.readOnly = true
	s := newTestSession(t, f)
	all := ask(s, "g")
	tests := []struct{ packet, want string }{
		{"P0=0100000000000000", "E.writing rax: the past cannot be changed"},
		{"G01" + all[2:], "E.writing rax: the past cannot be changed"},
		{"G" + all, "OK"}, // nothing to write
		{"M1000,1:cc", "E14"},
		{"X1000,1:\xcc", "E14"},
		{"c2000", "E.writing rip: the past cannot be changed"},
	}
	for _, tt := range tests {
		if got := ask(s, tt.packet); got != tt.want {
			t.Errorf("packet %.40q: got %q; want %q", tt.packet, got, tt.want)
		}
	}
}

func TestWriteRegistersPutsBack(t *testing.T) {
	f := newFake()
	s := newTestSession(t, refuseRBX{f})
	all := ask(s, "g")
	if got := ask(s, "G"+strings.Repeat("01", 16)+all[32:]); got != "E.writing rbx: never" {
		t.Errorf("G with a refused register: got %q", got)
	}
	if got := ask(s, "g"); got != all {
		t.Errorf("after a refused G the registers are %q; want %q", got, all)
	}
}

func TestTargetXML(t *testing.T) {
	f := newFake()
	s := newTestSession(t, f)
	var doc strings.Builder
	for {
		part := ask(s, fmt.Sprintf("qXfer:features:read:target.xml:%x,%x", doc.Len(), 1000))
		doc.WriteString(part[1:])
		if part[0] == 'l' {
			break
		}
	}
	golden(t, "testdata/target.xml", doc.String())
	var target struct {
		Architecture string `xml:"architecture"`
		Features     []struct {
			Name string `xml:"name,attr"`
			Regs []struct {
				Name    string `xml:"name,attr"`
				Bitsize int    `xml:"bitsize,attr"`
				Regnum  int    `xml:"regnum,attr"`
			} `xml:"reg"`
		} `xml:"feature"`
	}
	if err := xml.Unmarshal([]byte(doc.String()), &target); err != nil {
		t.Fatalf("target.xml: %v", err)
	}
	n := 0
	all := f.desc.All()
	for _, feature := range target.Features {
		for _, r := range feature.Regs {
			if r.Name != all[n].Name || r.Bitsize != all[n].Bits || r.Regnum != n {
				t.Errorf("target.xml: register %+v; want number %d, %+v", r, n, *all[n])
			}
			n++
		}
	}
	if n != len(all) {
		t.Errorf("target.xml has %d registers; want %d", n, len(all))
	}
}

func TestSlice(t *testing.T) {
	stars := strings.Repeat("*", maxPacket)
	tests := []struct {
		doc            string
		offset, length uint64
		want           string
	}{
		{"abc", 0, 3, "labc"}, {"abc", 0, 2, "mab"}, {"abc", 1, 100, "lbc"}, {"abc", 3, 1, "l"},
		{"abc", 4, 1, "E22"}, {"a*c", 0, 2, "ma"}, {"", 0, 1, "l"},
		{stars, 0, 1 << 40, "m" + stars[:(maxPacket-1)/2]},
	}
	for _, tt := range tests {
		if got := slice(tt.doc, tt.offset, tt.length); got != tt.want {
			t.Errorf("slice(%.10q, %d, %d) = %.10q (%d bytes); want %.10q (%d bytes)",
				tt.doc, tt.offset, tt.length, got, len(got), tt.want, len(tt.want))
		}
	}
}

func TestLongRead(t *testing.T) {
	s := newTestSession(t, flat{newFake(), make([]byte, 2*maxPacket)})
	if got := ask(s, "m0,fffffffffffffff"); len(got) != 2*maxRead {
		t.Errorf("m of everything: got %d bytes; want %d", len(got), 2*maxRead)
	}
}

func TestSearchAcrossChunks(t *testing.T) {
	mem := make([]byte, 3*searchChunk)
	copy(mem[searchChunk-2:], "needle")
	copy(mem[len(mem)-4:], "last")
	s := newTestSession(t, flat{newFake(), mem})
	tests := []struct{ args, want string }{
		{"0;30000;needle", fmt.Sprintf("1,%x", searchChunk-2)},
		{"0;30000;last", fmt.Sprintf("1,%x", len(mem)-4)},
		{"0;2ffff;last", "0"},
		{"0;30000;absent", "0"},
		{"0;30001;absent", "E14"},
		{"0;3;needle", "0"},
	}
	for _, tt := range tests {
		if got := ask(s, "qSearch:memory:"+tt.args); got != tt.want {
			t.Errorf("qSearch:memory:%s: got %q; want %q", tt.args, got, tt.want)
		}
	}
}

func TestLongOutputIsSplit(t *testing.T) {
	s := newTestSession(t, newFake())
	text := bytes.Repeat([]byte("0123456789"), 10000)
	n, err := (&console{out: s.out}).Write(text)
	if n != len(text) || err != nil {
		t.Fatalf("Write = %d, %v; want %d", n, err, len(text))
	}
	var got []byte
	for _, p := range s.out.(*sent).packets {
		if len(p) > maxPacket || p[0] != 'O' {
			t.Fatalf("packet %.10q of %d bytes", p, len(p))
		}
		part, _ := decodeHex(p[1:])
		got = append(got, part...)
	}
	if !bytes.Equal(got, text) {
		t.Errorf("output came as %d bytes; want the %d written", len(got), len(text))
	}
}

func TestExecuteErrorOfTarget(t *testing.T) {
	s := newTestSession(t, broken{newFake()})
	if got, want := ask(s, "vCont;c"), "E.continuing: replay diverged at icount 7, ? ?"; got != want {
		t.Errorf("vCont;c of a failing target: got %q; want %q", got, want)
	}
	if got := ask(s, "?"); got != "T05thread:1;" {
		t.Errorf("? after a failure: got %q", got)
	}
}

// Targets that misbehave in one way.
type refuseRBX struct{ *fake }

func (r refuseRBX) WriteRegister(reg *cpu.Register, value []byte) error {
	if reg.ID == x86.RBX {
		return errors.New("never")
	}
	return r.fake.WriteRegister(reg, value)
}

type flat struct {
	*fake
	mem []byte
}

type broken struct{ *fake }

func (f flat) ReadMemory(addr uint64, p []byte) (int, error) {
	if addr >= uint64(len(f.mem)) {
		return 0, io.EOF
	}
	return copy(p, f.mem[addr:]), nil
}

func (broken) Continue(context.Context) (Stop, error) {
	return Stop{}, errors.New("replay diverged at icount 7, # \n")
}

// ranger steps over a range by itself; mapped has a memory map.
type ranger struct{ *fake }

type mapped struct{ *fake }

func (r ranger) StepRange(ctx context.Context, start, end uint64) (Stop, error) {
	return Stop{Reason: StopBreak, Addr: start + end}, nil
}

func (mapped) MemoryMap() []MemoryRegion {
	return []MemoryRegion{{Start: 0, Length: 0xa0000}, {Start: 0xffff0000, Length: 0x10000, ROM: true}}
}

func TestRangeStepper(t *testing.T) {
	s := newTestSession(t, ranger{newFake()})
	ask(s, "qSupported:swbreak+")
	ask(s, "Z0,3000,1")
	if got, want := ask(s, "vCont;r1000,2000"), "T05thread:1;swbreak:;"; got != want {
		t.Errorf("range step by the target: got %q; want %q", got, want)
	}
}

// noted stops with a note.
type noted struct{ *fake }

func (noted) Continue(context.Context) (Stop, error) {
	return Stop{Reason: StopHistoryEnd, Note: "it diverged"}, nil
}

// ReverseContinue says something on its way.
func (noted) ReverseContinue(_ context.Context, out io.Writer) (Stop, error) {
	fmt.Fprintln(out, "halfway")
	return Stop{Reason: StopHistoryBegin}, nil
}

func TestStopWithNote(t *testing.T) {
	s := newTestSession(t, noted{newFake()})
	want := "O" + encodeHex([]byte("it diverged\n")) + " + T05thread:1;replaylog:end;"
	if got := ask(s, "c"); got != want {
		t.Errorf("a stop with a note: got %q; want %q", got, want)
	}
	if got, want := ask(s, "?"), "T05thread:1;replaylog:end;"; got != want {
		t.Errorf("asking again why it stopped: got %q; want %q", got, want)
	}
	want = "O" + encodeHex([]byte("halfway\n")) + " + T05thread:1;replaylog:begin;"
	if got := ask(s, "bc"); got != want {
		t.Errorf("what is said on the way back: got %q; want %q", got, want)
	}
}

func TestMemoryMap(t *testing.T) {
	s := newTestSession(t, mapped{newFake()})
	if got := ask(s, "qSupported"); !strings.Contains(got, "qXfer:memory-map:read+") {
		t.Errorf("qSupported of a target with a memory map = %q", got)
	}
	got := ask(s, "qXfer:memory-map:read::0,1000")
	for _, want := range []string{`<memory type="ram" start="0x0" length="0xa0000"/>`,
		`<memory type="rom" start="0xffff0000" length="0x10000"/>`} {
		if got[0] != 'l' || !strings.Contains(got, want) {
			t.Errorf("memory map = %q; want %q in it", got, want)
		}
	}
}

func TestUnavailableRegister(t *testing.T) {
	f := newFake()
	f.regs[x86.EFLAGS] = nil         // none at present
	f.regs[x86.CS] = make([]byte, 2) // a mistake of the target
	s := newTestSession(t, f)
	for _, packet := range []string{"p11", "p12"} {
		if got := ask(s, packet); got != "xxxxxxxx" {
			t.Errorf("packet %q: got %q; want no value", packet, got)
		}
	}
	if got := ask(s, "G"+ask(s, "g")); got != "OK" {
		t.Errorf("G with unavailable registers: got %q; want OK", got)
	}
}

func TestStopAnswer(t *testing.T) {
	tests := []struct {
		stop Stop
		want string
	}{
		{Stop{Reason: StopStep}, "T05thread:p1.1;"},
		{Stop{Reason: StopBreak, Addr: 0x1000}, "T05thread:p1.1;swbreak:;"},
		{Stop{Reason: StopBreak, Addr: 0x2000}, "T05thread:p1.1;hwbreak:;"},
		{Stop{Reason: StopBreak, Addr: 0x3000}, "T05thread:p1.1;"}, // not the client's
		{Stop{Reason: StopWatch, Addr: 0x10, Watch: WatchWrite}, "T05thread:p1.1;watch:10;"},
		{Stop{Reason: StopWatch, Addr: 0x10, Watch: WatchRead}, "T05thread:p1.1;rwatch:10;"},
		{Stop{Reason: StopWatch, Addr: 0x10, Watch: WatchAccess}, "T05thread:p1.1;awatch:10;"},
		{Stop{Reason: StopInterrupted}, "T02thread:p1.1;"},
		{Stop{Reason: StopHistoryBegin}, "T05thread:p1.1;replaylog:begin;"},
		{Stop{Reason: StopHistoryEnd}, "T05thread:p1.1;replaylog:end;"},
		{Stop{Reason: StopExited}, "T05thread:p1.1;replaylog:end;"},
	}
	s := newTestSession(t, newFake())
	for _, packet := range []string{"qSupported:multiprocess+;swbreak+;hwbreak+", "Z0,1000,1", "Z1,1000,1", "Z1,2000,1"} {
		ask(s, packet)
	}
	for _, tt := range tests {
		if got := s.stopAnswer(tt.stop); got != tt.want {
			t.Errorf("answer to stop %v at %#x: got %q; want %q", tt.stop.Reason, tt.stop.Addr, got, tt.want)
		}
	}
}

func TestNoPCRegister(t *testing.T) {
	f := newFake()
	f.desc.Features[0].Registers[x86.RIP].Type = "int64"
	s := newTestSession(t, f)
	for packet, want := range map[string]string{"s1000": "E22", "vCont;r1000,2000": "T05thread:1;"} {
		if got := ask(s, packet); got != want {
			t.Errorf("packet %q without a PC: got %q; want %q", packet, got, want)
		}
	}
}
