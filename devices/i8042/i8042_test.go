// SPDX-License-Identifier: GPL-2.0-or-later

package i8042

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/internal/testdevice"
)

type wire struct {
	high  bool
	edges int
}

func (w *wire) Set(high bool) {
	if high && !w.high {
		w.edges++
	}
	w.high = high
}

type rig struct {
	*Controller
	irq1, irq12, a20, reset wire
}

func newRig() *rig {
	r := &rig{}
	r.Controller = New(Config{KbdIRQ: &r.irq1, AuxIRQ: &r.irq12, A20: &r.a20, Reset: &r.reset})
	return r
}

func (r *rig) get(port uint16) uint8    { return uint8(r.In(port, 1)) }
func (r *rig) put(port uint16, v uint8) { r.Out(port, 1, uint32(v)) }

// do runs a script of hex bytes: "c:" before one makes it a command, all
// others are data.
func (r *rig) do(script string) {
	for _, w := range strings.Fields(script) {
		port := uint16(DataPort)
		if rest, ok := strings.CutPrefix(w, "c:"); ok {
			port, w = StatusPort, rest
		}
		var v uint8
		fmt.Sscanf(w, "%x", &v)
		r.put(port, v)
	}
}

// drain reads all output: "a" marks auxiliary bytes, "t" timeouts.
func (r *rig) drain() string {
	var out []string
	for len(out) < 100 {
		s := r.get(StatusPort)
		if s&statusFull == 0 {
			break
		}
		mark := ""
		if s&statusAux != 0 {
			mark += "a"
		}
		if s&statusTimeout != 0 {
			mark += "t"
		}
		out = append(out, fmt.Sprintf("%02x%s", r.get(DataPort), mark))
	}
	return strings.Join(out, " ")
}

func TestCommands(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"self-test", "c:aa", "55"},
		{"keyboard interface test", "c:ab", "00"},
		{"auxiliary interface test", "c:a9", "00"},
		{"no password", "c:a4", "f1"},
		{"command byte", "c:20", "03"},
		{"self-test sets the system bit", "c:aa c:20", "55 07"},
		{"write the command byte", "c:60 47 c:20", "47"},
		{"disable both", "c:ad c:a7 c:20", "33"},
		{"enable both", "c:ad c:a7 c:ae c:a8 c:20", "03"},
		{"controller memory", "c:65 5a c:25 c:24", "5a 00"},
		{"a new command ends the wait for data", "c:60 c:aa ee", "55 ee"},
		{"keyboard loopback", "c:d2 5c", "5c"},
		{"auxiliary loopback", "c:d3 5a", "5aa"},
		{"no mouse", "c:d4 ff", "feat"},
		{"writing to the mouse enables it", "c:a7 c:d4 ff c:20", "feat 03"},
		{"output port", "c:d0", "cf"},
		{"output port, A20 closed", "c:d1 dd c:d0", "cd"},
		{"output port while full", "c:aa c:d0", "55 df"},
		{"input port", "c:c0", "a0"},
		{"test inputs", "c:e0", "00"},
		{"unknown command", "c:b7 c:aa", "55"},

		{"reset", "ff", "fa aa"},
		{"identify", "f2", "fa ab 83"},
		{"identify, translated", "c:60 41 f2", "fa ab 41"},
		{"echo", "ee", "ee"},
		{"LEDs", "ed 07", "fa fa"},
		{"typematic", "f3 00", "fa fa"},
		{"a command where a parameter is due", "ed f4", "fa fa"},
		{"which scan code set", "f0 00", "fa fa 02"},
		{"scan code set 2", "f0 02", "fa fa"},
		{"scan code set 3", "f0 03", "fa fe"},
		{"unknown", "01", "fe"},
		{"disable, defaults, enable", "f5 f6 f4", "fa fa fa"},
		{"writing to the keyboard enables it", "c:ad ee c:20", "ee 03"},
		{"a disabled keyboard's bytes wait", "ff c:ad", "fa"},
		{"and come", "c:60 13 c:d2 01 c:ae ee", "01 ee"},
	} {
		r := newRig()
		r.do(c.script)
		if got := r.drain(); got != c.want {
			t.Errorf("%s: %q answers %q; want %q", c.name, c.script, got, c.want)
		}
	}
}

func TestResend(t *testing.T) {
	r := newRig()
	r.do("f2")
	r.drain()
	r.do("fe")
	if got := r.drain(); got != "83" {
		t.Errorf("resend after identify = %q; want \"83\"", got)
	}
}

func TestInterruptsAndStatus(t *testing.T) {
	r := newRig()
	if got := r.get(StatusPort); got != statusUnlock {
		t.Errorf("status at power-on = %#x; want 0x10", got)
	}
	r.do("f2")
	n := len(strings.Fields(r.drain()))
	if r.irq1.edges != n || r.irq1.high {
		t.Errorf("%d keyboard bytes give %d edges, level %v after; want %d, low", n, r.irq1.edges, r.irq1.high, n)
	}
	r.do("c:d3 a5")
	if got, want := r.get(StatusPort), uint8(statusFull|statusUnlock|statusAux); got != want {
		t.Errorf("status with an auxiliary byte = %#x; want %#x", got, want)
	}
	if !r.irq12.high || r.irq1.high {
		t.Errorf("auxiliary byte: IRQ 12 %v, IRQ 1 %v; want high, low", r.irq12.high, r.irq1.high)
	}
	r.do("c:60 01")
	if r.irq12.high {
		t.Error("IRQ 12 disabled: high; want low")
	}
	r.get(DataPort)
	if got := r.get(DataPort); got != 0xa5 {
		t.Errorf("reading the empty buffer = %#x; want the last byte 0xa5", got)
	}
	r.put(StatusPort, 0xaa)
	if got, want := r.get(StatusPort), uint8(statusFull|statusUnlock|statusSystem|statusCommand); got != want {
		t.Errorf("status after self-test = %#x; want %#x", got, want)
	}
}

func TestA20AndReset(t *testing.T) {
	for _, c := range []struct {
		name   string
		act    func(r *rig)
		a20    bool
		resets int
		port92 uint8
	}{
		{"power-on", func(r *rig) {}, true, 0, 2},
		{"D1 closes", func(r *rig) { r.do("c:d1 dd") }, false, 0, 0},
		{"DD closes", func(r *rig) { r.do("c:dd") }, false, 0, 0},
		{"DF opens", func(r *rig) { r.do("c:dd c:df") }, true, 0, 2},
		{"port 92 closes", func(r *rig) { r.put(Port92, 0) }, false, 0, 0},
		{"port 92 resets on a rise", func(r *rig) { r.put(Port92, 3); r.put(Port92, 3) }, true, 1, 3},
		{"FE resets", func(r *rig) { r.do("c:fe") }, true, 1, 2},
		{"FF pulses nothing", func(r *rig) { r.do("c:ff") }, true, 0, 2},
		{"F0 pulses all", func(r *rig) { r.do("c:f0") }, true, 1, 2},
		{"D1 bit 0 low resets", func(r *rig) { r.do("c:d1 02") }, true, 1, 2},
	} {
		r := newRig()
		c.act(r)
		if r.a20.high != c.a20 || r.reset.edges != c.resets || r.get(Port92) != c.port92 {
			t.Errorf("%s: A20 %v, %d resets, port 0x92 %#x; want %v, %d, %#x",
				c.name, r.a20.high, r.reset.edges, r.get(Port92), c.a20, c.resets, c.port92)
		}
	}
}

func TestResetWithinAnAccess(t *testing.T) {
	var c *Controller
	quiet := devices.LineFunc(func(bool) {})
	c = New(Config{KbdIRQ: quiet, AuxIRQ: quiet, A20: quiet, Reset: devices.LineFunc(func(high bool) {
		if high {
			c.Reset()
		}
	})})
	want := c.Save()
	for _, act := range []func(){
		func() { c.Out(StatusPort, 1, 0xfe) },
		func() { c.Out(StatusPort, 1, ctlWriteOutput); c.Out(DataPort, 1, 0) },
		func() { c.Out(Port92, 1, 1) },
	} {
		c.Out(DataPort, 1, kbdIdentify)
		act()
		if got := c.Save(); !bytes.Equal(got, want) {
			t.Errorf("state after a reset from within = %x; want power-on", got)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct{ setup, keys, want string }{
		{"", "\x1c\xf0\x1c", "1c f0 1c"},
		{"c:60 41", "\x1c\xf0\x1c", "1e 9e"},                                 // A
		{"c:60 41", "\xe0\x75\xe0\xf0\x75", "e0 48 e0 c8"},                   // up
		{"c:60 41", "\x83\xf0\x83\x84\xf0\x84", "41 c1 54 d4"},               // F7, SysRq
		{"c:60 41", "\xe1\x14\x77\xe1\xf0\x14\xf0\x77", "e1 1d 45 e1 9d c5"}, // pause
		{"c:60 41", "\x00\xaa", "ff aa"},
		{"f5", "\x1c", "fa"},
		{"f5 f4", "\x1c", "fa fa 1c"},
		{"ed", "\x1c", "fa"}, // the parameter first
		{"c:ad", "\x1c", ""},
	} {
		r := newRig()
		r.do(c.setup)
		if n := r.Receive([]byte(c.keys)); n != len(c.keys) {
			t.Errorf("Receive(%x) = %d; want %d", c.keys, n, len(c.keys))
		}
		if got := r.drain(); got != c.want {
			t.Errorf("after %q, keys %x read %q; want %q", c.setup, c.keys, got, c.want)
		}
	}
}

func TestKeyQueueIsBounded(t *testing.T) {
	r := newRig()
	r.put(StatusPort, ctlDisableKbd)
	room := r.Room()
	if n := r.Receive(make([]byte, 1000)); n != room || r.Room() != 0 {
		t.Errorf("Receive(1000 bytes) = %d, then room %d; want %d and 0", n, r.Room(), room)
	}
	r.put(StatusPort, ctlEnableKbd)
	if n := len(strings.Fields(r.drain())); n != room {
		t.Errorf("%d bytes came; want %d", n, room)
	}
}

func TestTranslationIsOneToOne(t *testing.T) {
	seen := map[uint8]int{}
	for code := 1; code < 0x80; code++ {
		v := set1[code]
		if prev, dup := seen[v]; dup || v >= 0x80 {
			t.Errorf("set 2 code %#x becomes %#x, as does %#x", code, v, prev)
		}
		seen[v] = code
	}
}

func TestSaveLoad(t *testing.T) {
	a := newRig()
	a.do("c:60 41 f2")
	a.Receive([]byte("\x1c\xf0\x1c\x32\xf0\x32"))
	a.get(DataPort)
	a.do("ed c:d1")
	b := newRig()
	blob := testdevice.Copy(t, a, b)
	if a.irq1.high != b.irq1.high || a.irq12.high != b.irq12.high || a.a20.high != b.a20.high {
		t.Errorf("lines after Load: %v %v %v; want %v %v %v", b.irq1.high, b.irq12.high, b.a20.high,
			a.irq1.high, a.irq12.high, a.a20.high)
	}
	run := func(r *rig) string {
		r.do("dd 03")
		return r.drain() + fmt.Sprint(r.a20.high)
	}
	want, got := run(a), run(b)
	if got != want || !strings.Contains(want, "9e") {
		t.Errorf("after Load the guest reads %q; want %q", got, want)
	}
	if !bytes.Equal(a.Save(), b.Save()) {
		t.Error("the states after the continuation differ")
	}
	bad := a.s
	bad.Keyboard.Keys.Len = queueSize + 1
	for name, blob := range map[string][]byte{
		"newer":   devices.EncodeState(version+1, &state{}),
		"short":   blob[:5],
		"damaged": devices.EncodeState(version, &bad),
	} {
		var se *devices.StateError
		if err := b.Load(blob); !errors.As(err, &se) {
			t.Errorf("Load of a %s state = %v; want a *devices.StateError", name, err)
		}
	}
	a.Reset()
	if got, want := a.Save(), newRig().Save(); !bytes.Equal(got, want) || a.irq1.high || !a.a20.high {
		t.Error("Reset does not give the power-on state")
	}
}
