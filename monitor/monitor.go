// SPDX-License-Identifier: GPL-2.0-or-later

// Package monitor executes the human commands — savevm, info replay and the like —
// in the words and with the output of QEMU's monitor, so that habits and scripts
// carry over. Who types them (gdb's "monitor", a console) is no business of it.
package monitor

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// Session is the machine that the commands are about.
type Session interface {
	Machine() *machine.Machine
	SaveSnapshot(name string) error
	Snapshots() (named []*snapshots.Snapshot, bytes int64)
}

// Traveller is a Session that can jump in time: a replay.
type Traveller interface {
	LoadSnapshot(ctx context.Context, name string) error
	SeekTo(ctx context.Context, icount uint64) error
}

// Operator gives inputs to a machine that runs live.
type Operator interface{ Push(machine.Input) }

// Mode is what is being done with the machine.
type Mode string

// The modes.
const (
	ModeLive   Mode = "" // neither recorded nor replayed
	ModeRecord Mode = "Recording"
	ModeReplay Mode = "Replaying"
)

// Monitor executes commands on one session.
type Monitor struct {
	Session Session
	Mode    Mode
	Path    string // of the recording
	// Operator is nil in a replay.
	Operator Operator
	// Start is the guest's wall clock at power-on, s since 1970-01-01 UTC.
	Start int64
}

// command is one command. moved says that the machine is elsewhere now.
type command struct {
	usage string
	help  string
	run   func(m *Monitor, ctx context.Context, args []string, out io.Writer) (moved bool, err error)
}

var commands map[string]command

func init() {
	commands = map[string]command{
		"help":        {"", "this list", (*Monitor).help},
		"info":        {"replay|snapshots|status|registers", "facts about the machine", (*Monitor).info},
		"savevm":      {"NAME", "keep the present state under a name", (*Monitor).saveVM},
		"loadvm":      {"NAME", "jump to a named state (replay)", (*Monitor).loadVM},
		"replay_seek": {"ICOUNT", "jump to an instruction count (replay)", (*Monitor).seek},

		"system_reset":     {"", "press reset", operator("system_reset", machine.InputReset)},
		"system_powerdown": {"", "press the power button", operator("system_powerdown", machine.InputPower)},
		"nmi":              {"", "raise a non-maskable interrupt", operator("nmi", machine.InputNMI)},
	}
}

// Execute runs one command line. moved says that registers and memory are no
// longer what they were. The error's text is for the user.
func (m *Monitor) Execute(ctx context.Context, line string, out io.Writer) (moved bool, err error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return false, nil
	}
	name, _, _ := strings.Cut(words[0], "/")
	if name == "x" || name == "xp" {
		return m.examine(ctx, words, out)
	}
	c, ok := commands[words[0]]
	if !ok {
		return false, fmt.Errorf("unknown command: '%s'; try 'help'", words[0])
	}
	return c.run(m, ctx, words[1:], out)
}

func usage(name string) error {
	return fmt.Errorf("usage: %s %s", name, commands[name].usage)
}

func (m *Monitor) help(_ context.Context, _ []string, out io.Writer) (bool, error) {
	names := make([]string, 0, len(commands))
	for n := range commands {
		names = append(names, n)
	}
	sort.Strings(names)
	fmt.Fprintln(out, "x/FMT ADDR, xp/FMT ADDR -- memory at a linear or physical address, as x/10i $pc")
	for _, n := range names {
		fmt.Fprintf(out, "%s -- %s\n", strings.TrimSpace(n+" "+commands[n].usage), commands[n].help)
	}
	return false, nil
}

func (m *Monitor) saveVM(_ context.Context, args []string, _ io.Writer) (bool, error) {
	if len(args) != 1 {
		return false, usage("savevm")
	}
	return false, m.Session.SaveSnapshot(args[0])
}

func (m *Monitor) loadVM(ctx context.Context, args []string, _ io.Writer) (bool, error) {
	if len(args) != 1 {
		return false, usage("loadvm")
	}
	t, ok := m.Session.(Traveller)
	if !ok {
		return false, fmt.Errorf("loadvm jumps in a replay only")
	}
	err := t.LoadSnapshot(ctx, args[0])
	return err == nil, err
}

func (m *Monitor) seek(ctx context.Context, args []string, _ io.Writer) (bool, error) {
	if len(args) != 1 {
		return false, usage("replay_seek")
	}
	n, err := strconv.ParseUint(args[0], 0, 64)
	if err != nil {
		return false, fmt.Errorf("%q is no instruction count", args[0])
	}
	t, ok := m.Session.(Traveller)
	if !ok {
		return false, fmt.Errorf("replay_seek jumps in a replay only")
	}
	err = t.SeekTo(ctx, n)
	return err == nil, err
}

// operator returns the command that gives the machine an input.
func operator(name string, kind machine.InputKind) func(*Monitor, context.Context, []string, io.Writer) (bool, error) {
	return func(m *Monitor, _ context.Context, args []string, _ io.Writer) (bool, error) {
		if len(args) != 0 {
			return false, usage(name)
		}
		if m.Operator == nil {
			return false, fmt.Errorf("%s: a replay takes no input but what was recorded", name)
		}
		m.Operator.Push(machine.Input{Kind: kind})
		return false, nil
	}
}
