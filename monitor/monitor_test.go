// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// fakeSession notes what it is asked to do.
type fakeSession struct {
	saved, loaded string
	sought        uint64
	fail          error
}

func (s *fakeSession) Machine() *machine.Machine                      { return nil }
func (s *fakeSession) Snapshots() ([]*snapshots.Snapshot, int64)      { return nil, 0 }
func (s *fakeSession) SaveSnapshot(n string) error                    { s.saved = n; return s.fail }
func (s *fakeSession) LoadSnapshot(_ context.Context, n string) error { s.loaded = n; return s.fail }
func (s *fakeSession) SeekTo(_ context.Context, n uint64) error       { s.sought = n; return s.fail }

// The fake's memory is two instructions at 0x1000, the second at the PC.
func (s *fakeSession) PC() uint64    { return 0x1001 }
func (s *fakeSession) CodeBits() int { return 64 }
func (s *fakeSession) ReadMemory(at uint64, p []byte) (int, error) {
	memory := []byte{0x90, 0x0f, 0x05, 0xf4}
	if at < 0x1000 || at >= 0x1004 {
		return 0, errors.New("no RAM there")
	}
	n := copy(p, memory[at-0x1000:])
	if n < len(p) {
		return n, errors.New("no RAM behind")
	}
	return n, nil
}
func (s *fakeSession) ReadPhysical(pa uint64, p []byte) (int, error) {
	return s.ReadMemory(pa+0x1000, p)
}

// liveSession is one that cannot jump.
type liveSession struct{ s *fakeSession }

func (l liveSession) Machine() *machine.Machine                 { return nil }
func (l liveSession) Snapshots() ([]*snapshots.Snapshot, int64) { return nil, 0 }
func (l liveSession) SaveSnapshot(n string) error               { return l.s.SaveSnapshot(n) }

type fakeOperator struct{ got []machine.Input }

func (o *fakeOperator) Push(in machine.Input) { o.got = append(o.got, in) }

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
		{line: "savevm", err: "usage: savevm NAME"},
		{line: "savevm a b", err: "usage: savevm NAME"},
		{line: "savevm a", fail: broken, err: "no room"},
		{line: "loadvm a", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.loaded == "a" }},
		{line: "loadvm a", live: true, err: "in a replay only"},
		{line: "replay_seek 77", moved: true, check: func(s *fakeSession, _ *fakeOperator) bool { return s.sought == 77 }},
		{line: "replay_seek 7x", err: `"7x" is no instruction count`},
		{line: "replay_seek -1", err: "is no instruction count"},
		{line: "replay_seek 1", live: true, err: "in a replay only"},
		{line: "info", err: "usage: info"},
		{line: "info pic", err: "usage: info"},
		{line: "info replay", live: true},
		{line: "system_reset", err: "a replay takes no input"},
		{line: "system_reset", live: true, check: func(_ *fakeSession, o *fakeOperator) bool {
			return len(o.got) == 1 && o.got[0].Kind == machine.InputReset
		}},
		{line: "nmi now", live: true, err: "usage: nmi"},
		{line: "frobnicate", err: "unknown command: 'frobnicate'"},
	} {
		s, o := &fakeSession{fail: c.fail}, &fakeOperator{}
		m := &Monitor{Session: s, Mode: ModeReplay}
		if c.live {
			m = &Monitor{Session: liveSession{s}, Mode: ModeLive, Operator: o}
		}
		var out strings.Builder
		moved, err := m.Execute(context.Background(), c.line, &out)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("Execute(%q), live %v: error %v; want %q", c.line, c.live, err, c.err)
			continue
		}
		if err == nil && moved != c.moved {
			t.Errorf("Execute(%q): moved %v; want %v", c.line, moved, c.moved)
		}
		if c.check != nil && !c.check(s, o) {
			t.Errorf("Execute(%q): the session got saved %q, loaded %q, sought %d, inputs %v", c.line, s.saved, s.loaded, s.sought, o.got)
		}
	}
}

func TestHelpListsEveryCommand(t *testing.T) {
	var out strings.Builder
	if _, err := (&Monitor{}).Execute(context.Background(), "help", &out); err != nil {
		t.Fatal(err)
	}
	for name, c := range commands {
		if !strings.Contains(out.String(), name) || c.help == "" {
			t.Errorf("help does not explain %q:\n%s", name, out.String())
		}
	}
}

func TestExamine(t *testing.T) {
	for _, c := range []struct{ line, out, err string }{
		{line: "x/2i $pc", out: "0x0000000000001001:  0f 05                    syscall\n0x0000000000001003:  f4                       hlt\n"},
		{line: "x/1i 0x1000", out: "0x0000000000001000:  90                       nop\n"},
		{line: "x/2h 0x1000", out: "0000000000001000: 0x0f90 0xf405\n"},
		{line: "xp/4xb 0", out: "0000000000000000: 0x90 0x0f 0x05 0xf4\n"},
		{line: "x 0x1000", out: "0000000000001000: 0xf4050f90\n"},
		{line: "x/8b 0x1000", out: "0000000000001000: 0x90 0x0f 0x05 0xf4\n", err: "no RAM behind"},
		{line: "x/1i 0", err: "no RAM there"},
		{line: "x/0i 0x1000", err: "want a count from 1"},
		{line: "x/99999b 0x1000", err: "want a count from 1"},
		{line: "x/1q 0x1000", err: "usage: x/FMT"},
		{line: "x/1i", err: "usage: x/FMT"},
		{line: "x/1i here", err: `"here" is no address`},
	} {
		var out strings.Builder
		_, err := (&Monitor{Session: &fakeSession{}}).Execute(context.Background(), c.line, &out)
		if out.String() != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("Execute(%q) prints %q, error %v; want %q, error %q", c.line, out.String(), err, c.out, c.err)
		}
	}
}
