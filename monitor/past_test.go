// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

func TestPast(t *testing.T) {
	broken := errors.New("interrupted")
	nobody := &timeline.NotFoundError{What: "instruction that changes it", From: machine.Moment{ICount: 5}, Back: true}
	for _, c := range []struct {
		line   string
		fail   error
		sought uint64
		loaded string
		asked  string
		out    string
		err    string
	}{
		{line: "seek-ticks 7", sought: 7},
		{line: "seek-ticks 0.5K", sought: 500},
		{line: "seek-ticks end", err: `"end" is no instruction count`},
		{line: "seek-ticks 5G", err: "outside of the recording"},
		{line: "goto 0x10", sought: 16},
		{line: "goto 0.25k", sought: 250},
		{line: "goto 1.0001K", err: "no checkpoint or snapshot"},
		{line: "goto end", sought: 1000},
		{line: "goto begin", sought: 3},
		{line: "replay_seek begin", sought: 3},
		{line: "replay_seek 0.9K", sought: 900},
		{line: "goto mark", asked: "mark"},
		{line: "goto first", asked: "restart 3"}, // the later of two
		{line: "goto kept", loaded: "kept"},
		{line: "goto nowhere", err: `"nowhere" is no instruction count, and no checkpoint`},
		{line: "goto -r 5", err: "usage: goto"},
		{line: "goto 5 6", err: "usage: goto"},
		{line: "goto --consol x", err: "usage: goto"},
		{line: "goto", err: "usage: goto"},
		{line: "goto --console", err: "usage: goto"},
		{line: "goto --event", err: "usage: goto"},
		{line: "goto --console Freeing  initrd ", asked: `console "Freeing  initrd" back false`},
		{line: "goto  -r --console -r x", asked: `console "-r x" back true`},
		{line: `goto --back --console "login: "`, asked: `console "login: " back true`},
		{line: `goto --console "\r\n"`, asked: `console "\r\n" back false`},
		{line: `goto --console "login`, err: "quotes"},
		{line: "goto --console x", fail: broken, asked: `console "x" back false`, err: "interrupted"},
		{line: "goto --event nmi", asked: "event nmi back false", out: "icount 5: input nmi\n"},
		{line: "goto -r --event nmi", asked: "event nmi back true", out: "icount 5: input nmi\n"},
		{line: "goto --event nmi", fail: broken, asked: "event nmi back false", err: "interrupted"},
		{line: "back", asked: "back 1"},
		{line: "back 3", asked: "back 3"},
		{line: "back 0", err: `"0" is no number of positions`},
		{line: "back two", err: `back: "two" is no number of positions`},
		{line: "back 1 2", err: "usage: back [count]"},
		{line: "back", fail: broken, asked: "back 1", err: "interrupted"},
		{line: "forward", asked: "forward 1"},
		{line: "forward 2", asked: "forward 2"},
		{line: "forward -1", err: "is no number of positions"},
		{line: "restart 2", asked: "restart 2"},
		{line: "restart two", err: `"two" is no checkpoint number`},
		{line: "who-wrote 0x1000", asked: "write 0x1000 8 false", out: "icount 4, pc 0x1000\nold value: 0x00000000000000f0\nnew value: not mapped\n"},
		{line: "who-wrote $rcx*2 4", asked: "write 0x4 4 false", out: "icount 4, pc 0x1000\nold value: 0x000000f0\nnew value: not mapped\n"},
		{line: "who-wrote -p 16 3", asked: "write 0x10 3 true", out: "icount 4, pc 0x1000\nold value: f0 00 00\nnew value: not mapped\n"},
		{line: "who-wrote 16 65", err: `"65" is no size: want 1 to 64 bytes`},
		{line: "who-wrote 16 0", err: "is no size"},
		{line: "who-wrote -p", err: "usage: who-wrote"},
		{line: "who-wrote 1 2 3", err: "usage: who-wrote"},
		{line: "who-wrote there", err: `"there" is no number`},
		{line: "who-wrote 0x2000", fail: nobody, asked: "write 0x2000 8 false",
			err: "before icount 5 through this linear address; who-wrote -p 0x1000 looks at the physical memory, whatever"},
		{line: "who-wrote 0x2ff8", fail: nobody, asked: "write 0x2ff8 8 false", err: "who-wrote -p 0x1ff8 looks"},
		{line: "who-wrote 0x2ff9", fail: nobody, asked: "write 0x2ff9 8 false", err: "who-wrote -p looks"},
		{line: "who-wrote 0x10", fail: nobody, asked: "write 0x10 8 false", err: "who-wrote -p looks"},
		{line: "who-wrote 16", fail: broken, asked: "write 0x10 8 false", err: "interrupted"},
	} {
		s := &fakeSession{fail: c.fail, kept: "kept", marked: []timeline.Checkpoint{{Number: 1, Note: "first"}, {Number: 3, Note: "first"}, {Number: 4}}}
		control := &fakeControl{state: StateRunning}
		var out strings.Builder
		moved, err := (&Monitor{Session: s, Control: control, Mode: ModeReplay}).Execute(context.Background(), c.line, &out)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("Execute(%q): error %v; want %q", c.line, err, c.err)
			continue
		}
		if s.sought != c.sought || s.loaded != c.loaded || s.asked != c.asked || out.String() != c.out {
			t.Errorf("Execute(%q) seeks %d, loads %q, asks %q and prints %q; want %d, %q, %q, %q",
				c.line, s.sought, s.loaded, s.asked, out.String(), c.sought, c.loaded, c.asked, c.out)
		}
		// What moves the machine says so, and it stays there.
		if want := err == nil; moved != want || (control.state == StatePaused) != want {
			t.Errorf("Execute(%q): moved %v, %v; want %v, and paused if so", c.line, moved, control.state, want)
		}
	}
}

func TestCheckpoints(t *testing.T) {
	s := &fakeSession{}
	m := &Monitor{Session: s, Control: &fakeControl{state: StateRunning}, Mode: ModeReplay}
	s.engine.icount = 1_234_567_890
	for _, step := range []struct{ line, out string }{
		{"info checkpoints", "No checkpoints.\n"},
		{"when", "icount 1234567890, sub 0, virtual time 2.469135780 s\n"},
		{"elapsed-time", "Elapsed Time (s): 2.469135780\n"},
		{"checkpoint before  it breaks", "Checkpoint 1 at icount 1234567890+1, pc 0x1001\n"},
		{"checkpoint", "Checkpoint 2 at icount 1234567890+1, pc 0x1001\n"},
		{"info checkpoints", "" +
			"ID   ICOUNT           VM CLOCK        PC                 NOTE\n" +
			"1    1234567890+1     00:00:02.469    0x1001             before it breaks\n" +
			"2    1234567890+1     00:00:02.469    0x1001\n"},
		{"restart 1", ""},
		{"elapsed-time", "Elapsed Time (s): 0.000000014\n"},
		{"delete checkpoint x", "delete: \"x\" is no checkpoint number\n"},
		{"delete breakpoint 1", "usage: delete checkpoint number\n"},
		{"delete checkpoint 1", ""},
		{"delete-checkpoint 2", ""},
	} {
		var out strings.Builder
		if m.Run(context.Background(), step.line, &out); out.String() != step.out {
			t.Errorf("Run(%q) prints %q; want %q", step.line, out.String(), step.out)
		}
	}
	if s.asked != "delete 2" {
		t.Errorf("the last that the session is asked for is %q; want %q", s.asked, "delete 2")
	}
}

// What needs a recording is refused where there is none.
func TestNoPast(t *testing.T) {
	for _, line := range []string{"seek-ticks 1", "goto 1", "goto --console x", "goto --event nmi", "goto mark", "goto name", "back", "forward",
		"checkpoint", "restart 1", "delete checkpoint 1", "delete-checkpoint 1", "info checkpoints", "who-wrote 1"} {
		moved, err := (&Monitor{Session: liveSession{&fakeSession{}}}).Execute(context.Background(), line, &strings.Builder{})
		if err != ErrNoReplay || moved {
			t.Errorf("Execute(%q) of a machine that is not replayed: moved %v, error %v; want %v", line, moved, err, ErrNoReplay)
		}
	}
}
