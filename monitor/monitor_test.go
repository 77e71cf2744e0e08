// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

func TestExecute(t *testing.T) {
	broken := errors.New("no room")
	for _, c := range []struct {
		line  string
		live  bool
		fail  error
		moved bool
		err   string
		check func(s *fakeSession, o *fakeOperator) bool
	}{
		{line: ""},
		{line: "savevm a", check: func(s *fakeSession, _ *fakeOperator) bool { return s.saved == "a" }},
		{line: "savevm", err: "usage: savevm tag"},
		{line: "savevm a b", err: "usage: savevm tag"},
		{line: "savevm a", fail: broken, err: "no room"},
		{line: "loadvm a", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.loaded == "a" }},
		{line: "loadvm a", fail: broken, err: "no room"},
		{line: "loadvm a", live: true, err: "in a replay only"},
		{line: "delvm a", check: func(s *fakeSession, _ *fakeOperator) bool { return s.deleted == "a" }},
		{line: "delvm a", live: true, err: "cannot be deleted"},
		{line: "replay_seek 77", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.sought == 77 }},
		{line: "replay_seek 0x10", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.sought == 16 }},
		{line: "replay_seek 1K", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.sought == 1000 }},
		{line: "replay_seek 3g", err: "outside of the recording"},
		{line: "replay_seek 99999999T", err: `"99999999T" is no instruction count`},
		{line: "replay_seek M", err: `"M" is no instruction count`},
		{line: "replay_seek end", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.sought == 1000 }},
		{line: "replay_seek begin", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.sought == 3 }},
		{line: "replay_seek 1001", err: "outside of the recording"},
		{line: "replay_seek 7x", err: `"7x" is no instruction count`},
		{line: "replay_seek -1", err: "is no instruction count"},
		{line: "replay_seek 1", live: true, err: "in a replay only"},
		{line: "replay_break 9", check: func(s *fakeSession, _ *fakeOperator) bool { return s.mark == 9 }},
		{line: "replay_break x", err: "is no instruction count"},
		{line: "replay_break 9", live: true, err: "in a replay only"},
		{line: "replay_delete_break", live: true, err: "in a replay only"},
		{line: "info pic", err: "unknown command: 'info pic'"},
		{line: "info replay", live: true},
		{line: "system_reset", err: "a replay takes no input"},
		{line: "system_reset", live: true, check: func(_ *fakeSession, o *fakeOperator) bool {
			return len(o.got) == 1 && o.got[0].Kind == machine.InputReset
		}},
		{line: "nmi now", live: true, err: "usage: nmi"},
		{line: "frobnicate", err: "unknown command: 'frobnicate'"},
	} {
		s, o := &fakeSession{fail: c.fail}, &fakeOperator{}
		m := &Monitor{Session: s, Control: &fakeControl{state: StateRunning}, Mode: ModeReplay}
		if c.live {
			m = &Monitor{Session: liveSession{s}, Mode: ModeLive, Operator: o}
		}
		var out strings.Builder
		moved, err := m.Execute(context.Background(), c.line, &out)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("Execute(%q), live %v: error %v; want %q", c.line, c.live, err, c.err)
			continue
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("Execute(%q): error %q; want one line", c.line, err)
		}
		if moved != c.moved {
			t.Errorf("Execute(%q): moved %v; want %v", c.line, moved, c.moved)
		}
		if c.check != nil && !c.check(s, o) {
			t.Errorf("Execute(%q): the session was asked for %+v, inputs %v", c.line, s, o.got)
		}
	}
}

func TestControl(t *testing.T) {
	c := &fakeControl{state: StatePrelaunch}
	m := &Monitor{Session: &fakeSession{}, Control: c}
	for _, step := range []struct{ line, out string }{
		{"info status", "VM status: paused (prelaunch)\n"},
		{"c", ""},
		{"info status", "VM status: running\n"},
		{"loadvm a", ""},
		{"info status", "VM status: running\n"},
		{"replay_seek 5", ""}, // stays there
		{"info status", "VM status: paused\n"},
		{"c", ""},
		{"s", ""},
		{"info status", "VM status: paused\n"},
		{"gdbserver", "Waiting for gdb connection on device 'tcp::1234'\n"},
		{"gdbserver foo", "Error: foo is no address\n"},
		{"gdbserver none", "Disabled gdbserver\n"},
		{"q", ""},
	} {
		var out strings.Builder
		if m.Run(context.Background(), step.line, &out); out.String() != step.out {
			t.Errorf("Run(%q) prints %q; want %q", step.line, out.String(), step.out)
		}
	}
	if !c.quit || c.gdb != "none" {
		t.Errorf("after quit and gdbserver none: quit %v, gdb %q", c.quit, c.gdb)
	}
}

func TestHelpListsEveryCommand(t *testing.T) {
	for _, c := range []struct {
		line, prefix string
		table        []command
	}{{"help", "", commands()}, {"info", "info ", infos()}} {
		var out strings.Builder
		if _, err := (&Monitor{}).Execute(context.Background(), c.line, &out); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != len(c.table) {
			t.Fatalf("%s prints %d lines; want one for each of %d commands", c.line, len(lines), len(c.table))
		}
		for i, cmd := range c.table {
			want := c.prefix + strings.Join(cmd.names, "|") + " " + cmd.params + " -- " + cmd.help
			if lines[i] != want {
				t.Errorf("%s prints %q; want %q", c.line, lines[i], want)
			}
			for _, name := range cmd.names {
				if name == "info" {
					continue // whose help is that of its subcommands
				}
				var one strings.Builder
				if _, err := (&Monitor{}).Execute(context.Background(), "help "+c.prefix+name, &one); err != nil || one.String() != want+"\n" {
					t.Errorf("help %s%s prints %q, error %v; want %q", c.prefix, name, one.String(), err, want)
				}
			}
		}
	}
}

func TestExamine(t *testing.T) {
	for _, c := range []struct{ line, out, err string }{
		{line: "x/2i $pc", out: "0x00001001:  0f 05                    syscall\n0x00001003:  f4                       hlt\n"},
		{line: "x /1i 0x1000", out: "0x00001000:  90                       nop\n"},
		{line: "x/1i $eip - 1", out: "0x00001000:  90                       nop\n"},
		{line: "x/2xh 0x1000", out: "0000000000001000: 0x0f90 0xf405\n"},
		{line: "xp/4xb 0", out: "0000000000000000: 0x90 0x0f 0x05 0xf4\n"},
		{line: "x 0x1000", out: "0000000000001000: 0xf4050f90\n"},
		{line: "x/2hd 0x1000", out: "0000000000001000:  3984 62469\n"},
		{line: "x/1wu 0x1000", out: "0000000000001000: 4093972368\n"},
		{line: "x/1ob 0x1000", out: "0000000000001000: 0220\n"},
		{line: "x/4c 0x1000", out: "0000000000001000: '\\x90' '\\x0f' '\\x05' '\\xf4'\n"},
		{line: "x/8xb 0x1000", out: "0000000000001000: Cannot access memory\n"},
		{line: "x/3i 0x1003", out: "0x00001003:  f4                       hlt\n0x00001004: unable to read memory\n"},
		{line: "x/1i 0", out: "0x00000000: unable to read memory\n"},
		{line: "print $rcx*(2+3)", out: "0xa\n"},
		{line: "print/d -$rbx", out: "-1\n"},
		{line: "p/c 0x41", out: "'A'\n"},
		{line: "gva2gpa 0x1234", out: "gpa: 0x234\n"},
		{line: "gva2gpa 0", out: "Unmapped\n"},
		{line: "x/0i 0x1000", err: "want 1 to 4096"},
		{line: "x/99999b 0x1000", err: "want 1 to 4096"},
		{line: "x/99999999999999999999b 0x1000", err: "want 1 to 4096"},
		{line: "x/1q 0x1000", err: "invalid char in format: 'q'"},
		{line: "x/1i", err: "unexpected end of expression"},
		{line: "x", err: "usage: x /fmt addr"},
		{line: "x/1i here", err: `"here" is no number`},
		{line: "x/1i $nowhere", err: "unknown register"},
		{line: "print (1", err: "')' expected"},
		{line: "print 1)", err: "extraneous characters"},
		{line: "print " + strings.Repeat("(", 100), err: "nested too deeply"},
		{line: "print " + strings.Repeat("-", 100) + "1", err: "nested too deeply"},
	} {
		var out strings.Builder
		_, err := (&Monitor{Session: &fakeSession{}}).Execute(context.Background(), c.line, &out)
		if out.String() != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("Execute(%q) prints %q, error %v; want %q, error %q", c.line, out.String(), err, c.out, c.err)
		}
	}
}

// TestFormatStays checks that x without a format uses the one before, as QEMU's does.
func TestFormatStays(t *testing.T) {
	m := &Monitor{Session: &fakeSession{}}
	var out strings.Builder
	for _, line := range []string{"x/2xb 0x1000", "x 0x1001", "x/2h 0x1000", "x/h 0x1000"} {
		m.Run(context.Background(), line, &out)
	}
	want := "0000000000001000: 0x90 0x0f\n0000000000001001: 0x0f\n0000000000001000: 0x0f90 0xf405\n0000000000001000: 0x0f90\n"
	if out.String() != want {
		t.Errorf("x prints\n%s\nwant\n%s", out.String(), want)
	}
}

func FuzzExecute(f *testing.F) {
	for _, line := range []string{"x/4xg $pc+2*(3-1)", "info registers", "help info status", "replay_seek 0x99", "p/c '", "x/99999999999i 0", "gva2gpa ((", "\xff/\x00",
		`goto -r --console "\x`, "goto 7.2G", "who-wrote -p ($rsp 8", "delete checkpoint 1", "checkpoint \x1b"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m := &Monitor{Session: &fakeSession{}, Control: &fakeControl{}, Mode: ModeReplay}
		var out strings.Builder
		_, err := m.Execute(context.Background(), line, &out)
		if err != nil && len(err.Error()) > 2*len(line)+1000 || out.Len() > 1<<20 {
			t.Errorf("Execute(%q) prints %d bytes, error %v", line, out.Len(), err)
		}
	})
}
