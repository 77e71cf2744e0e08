// SPDX-License-Identifier: GPL-2.0-or-later

// Package monitor executes the human commands — savevm, info replay and the like —
// in the words and with the output of QEMU's monitor, so that habits and scripts
// carry over. Who types them is no business of the commands: gdb's "monitor", a
// Shell on a stream of bytes, or QMP (package qmp).
package monitor

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// Session is the machine that the commands are about. What else it can do is told
// by the interfaces below that it also implements. All is called on the machine's
// thread.
type Session interface {
	Machine() *machine.Machine
	// SaveSnapshot keeps the present state under a name; one that has the name
	// is replaced.
	SaveSnapshot(name string) error
	Snapshots() (named []*snapshots.Snapshot, bytes int64)
}

// Loader is a Session that goes to named snapshots: in a replay that is a jump, in
// a recording it begins a new course from there.
type Loader interface {
	LoadSnapshot(ctx context.Context, name string) error
}

// Seeker is a Session that goes to any instruction count from Begin to End: a replay.
type Seeker interface {
	SeekTo(ctx context.Context, icount uint64) error
	Begin() machine.Moment
	End() machine.Moment
}

// Deleter is a Session that can drop named snapshots.
type Deleter interface {
	DeleteSnapshot(name string) error
}

// Marker is a Session that stops when running forward brings it to a given count.
// There is one mark; setting it again moves it.
type Marker interface {
	SetMark(icount uint64) error
	ClearMark() error
}

// Operator gives inputs to a machine that runs live. It does not wait.
type Operator interface{ Push(machine.Input) }

// Control is who lets the machine run. A command executes while the machine stands
// still for it; the machine goes on afterwards if Control says that it runs.
type Control interface {
	State() RunState
	// Stop and Cont say whether the machine is to run. Cont fails if it cannot,
	// or if a debugger has stopped it.
	Stop() error
	Cont() error
	// Quit ends everything, soon. It may be called on any thread.
	Quit()
	// ServeGDB waits for gdb on a device (QEMU's word for it), instead of where
	// it did before; on "none" nowhere.
	ServeGDB(device string) error
}

// RunState says whether the machine runs and why not, in QEMU's words.
type RunState string

// The states.
const (
	StateRunning   RunState = "running"
	StatePaused    RunState = "paused"
	StatePrelaunch RunState = "prelaunch" // it has not run yet
	StateDebug     RunState = "debug"     // a debugger has stopped it
	StateShutdown  RunState = "shutdown"  // it is at the end
)

// Mode is what is being done with the machine.
type Mode string

// The modes.
const (
	ModeLive   Mode = "" // neither recorded nor replayed
	ModeRecord Mode = "Recording"
	ModeReplay Mode = "Replaying"
)

// Monitor executes commands on one session, on the machine's thread; quit on any.
type Monitor struct {
	Session Session
	Control Control
	Mode    Mode
	Path    string // of the recording
	// Operator is nil in a replay.
	Operator Operator
	// Start is the guest's wall clock at power-on, s since 1970-01-01 UTC.
	Start   int64
	Version string // of vmrr
	// Kernel knows the guest's kernel; nil: nobody does.
	Kernel Kernel
	// Until ends a command that takes long, whoever gave it; nil: nothing does.
	Until context.Context

	format dumpFormat // what x and xp were told last
}

// UserError is a mistake in a command line.
type UserError struct{ text string }

func (e *UserError) Error() string { return e.text }

func userErrorf(format string, args ...any) error {
	return &UserError{fmt.Sprintf(format, args...)}
}

// call is one command line being executed.
type call struct {
	*Monitor
	ctx   context.Context
	name  string   // the command's, as in the table
	args  []string // the words behind it
	text  string   // they, as they were typed
	out   io.Writer
	moved bool // registers and memory are no longer what they were
}

func (c *call) printf(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }

// Execute runs one command line. moved says that registers and memory are no
// longer what they were. The error's text is for the user: one line.
func (m *Monitor) Execute(ctx context.Context, line string, out io.Writer) (moved bool, err error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return false, nil
	}
	name, rest := words[0], words[1:]
	if bare, format, found := strings.Cut(name, "/"); found {
		name, rest = bare, append([]string{"/" + format}, rest...)
	}
	cmd := lookup(commands(), name)
	if cmd == nil {
		return false, userErrorf("unknown command: '%s'", words[0])
	}
	_, text, _ := strings.Cut(strings.TrimSpace(line), words[0])
	c := &call{Monitor: m, ctx: ctx, name: cmd.names[0], args: rest, text: strings.TrimSpace(text), out: out}
	if n := len(rest); n < cmd.least || n > cmd.most {
		return false, c.usage()
	}
	err = cmd.run(c)
	return c.moved, err
}

// Run is Execute for who reads text only: an error is printed, and marked as QEMU
// marks it so that scripts see it.
func (m *Monitor) Run(ctx context.Context, line string, out io.Writer) (moved bool) {
	moved, err := m.Execute(ctx, line, out)
	switch err.(type) {
	case nil:
	case *UserError:
		fmt.Fprintf(out, "%v\n", err)
	default:
		fmt.Fprintf(out, "Error: %v\n", err)
	}
	return moved
}

// usage is the error for wrong arguments.
func (c *call) usage() error {
	return userErrorf("usage: %s", lookup(commands(), c.name).line())
}
