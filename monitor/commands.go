// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"slices"
	"strings"

	"github.com/vmrr/vmrr/machine"
)

// command is one command, described in QEMU's words.
type command struct {
	names       []string // the first is the name, the others are short for it
	params      string
	help        string
	least, most int // words behind the name
	run         func(*call) error
}

// anywhere reports whether a command line needs nothing of the machine, nor its thread,
// and must not wait for what is done there: quit.
func anywhere(line string) bool {
	words := strings.Fields(line)
	if len(words) == 0 {
		return false
	}
	c := lookup(commands(), words[0])
	return c != nil && c.names[0] == "quit"
}

// line is the command and its parameters, as help writes them.
func (c *command) line() string {
	return strings.TrimSpace(strings.Join(c.names, "|") + " " + c.params)
}

func (c *command) explain() string {
	return strings.Join(c.names, "|") + " " + c.params + " -- " + c.help
}

// maxExpression is how many words the address of x may be written in.
const maxExpression = 32

// anyWords is how many words there may be where they are a text: a line has fewer.
const anyWords = maxLine

// commands returns the table, in order of names.
func commands() []command {
	one := func(name string) []string { return []string{name} }
	return []command{
		{one("back"), "[count]", "go back to the position visited before, or count of them back", 0, 1, (*call).back},
		{one("checkpoint"), "[note]", "make a checkpoint of the present position", 0, anyWords, (*call).checkpoint},
		{[]string{"cont", "c"}, "", "resume emulation", 0, 0, (*call).cont},
		{one("delete"), "checkpoint number", "delete a checkpoint", 2, 2, (*call).deleteCheckpoint},
		{one("delete-checkpoint"), "number", "delete a checkpoint", 1, 1, (*call).deleteCheckpoint},
		{one("delvm"), "tag", "delete a VM snapshot from its tag", 1, 1, (*call).delVM},
		{one("elapsed-time"), "", "show the virtual time since power-on in seconds", 0, 0, (*call).elapsedTime},
		{one("forward"), "[count]", "go forward to the position that back came from, or count of them forward", 0, 1, (*call).forward},
		{one("gdbserver"), "[device]", "start gdbserver on given device (default '" + DefaultGDB + "'), stop with 'none'", 0, 1, (*call).gdbServer},
		{one("goto"), "icount|begin|end|mark|name|[-r|--back] --console text|[-r|--back] --event kind",
			"go to an instruction count, a checkpoint or snapshot, or the next or, with -r, last text on the console or event in the log", 1, anyWords, (*call).goTo},
		{one("gva2gpa"), "addr", "print the guest physical address corresponding to a guest virtual address", 1, maxExpression, (*call).translate},
		{[]string{"help", "?"}, "[cmd]", "show the help", 0, 2, (*call).help},
		{one("info"), "[subcommand]", "show various information about the system state", 0, 1 + maxExpression, (*call).info},
		{one("loadvm"), "tag", "restore a VM snapshot from its tag: a jump in a replay, a fork of a recording", 1, 1, (*call).loadVM},
		{one("nmi"), "", "inject an NMI", 0, 0, press(machine.InputNMI)},
		{[]string{"print", "p"}, "/fmt expr", "print expression value (use $reg for CPU register access)", 1, maxExpression, (*call).print},
		{[]string{"quit", "q"}, "", "quit the emulator", 0, 0, (*call).quit},
		{one("replay_break"), "icount", "set breakpoint at the specified instruction count", 1, 1, (*call).replayBreak},
		{one("replay_delete_break"), "", "remove replay breakpoint", 0, 0, (*call).replayDeleteBreak},
		{one("replay_seek"), "icount|begin|end", "replay execution to the specified instruction count", 1, 1, (*call).replaySeek},
		{one("restart"), "number", "go to a checkpoint", 1, 1, (*call).restart},
		{one("savevm"), "tag", "save a VM snapshot; one of that tag is replaced", 1, 1, (*call).saveVM},
		{one("seek-ticks"), "icount", "go to the specified instruction count", 1, 1, (*call).seekTicks},
		{[]string{"stop", "s"}, "", "stop emulation", 0, 0, (*call).stop},
		{one("system_powerdown"), "", "send system power down event", 0, 0, press(machine.InputPower)},
		{one("system_reset"), "", "reset the system", 0, 0, press(machine.InputReset)},
		{one("when"), "", "show the instruction count and the virtual time", 0, 0, (*call).when},
		{one("who-wrote"), "[-p] addr [size]", "go back to the last instruction that changed size (default 8) bytes at 'addr', with -p a physical address", 1, 3, (*call).whoWrote},
		{one("x"), "/fmt addr", "virtual memory dump starting at 'addr'", 1, maxExpression, (*call).examine},
		{one("xp"), "/fmt addr", "physical memory dump starting at 'addr'", 1, maxExpression, (*call).examine},
	}
}

// infos returns the subcommands of info.
func infos() []command {
	one := func(name string) []string { return []string{name} }
	return []command{
		{names: one("checkpoints"), help: "show the checkpoints", run: (*call).infoCheckpoints},
		{names: one("hash"), help: "show the hashes of the machine's state, part by part", run: (*call).infoHash},
		{names: one("modules"), help: "show the modules of the guest's kernel", run: (*call).infoModules},
		{names: one("name"), help: "show the current VM name", run: func(*call) error { return nil }},
		{names: one("registers"), help: "show the cpu registers", run: (*call).infoRegisters},
		{names: one("replay"), help: "show record/replay information", run: (*call).infoReplay},
		{names: one("snapshots"), help: "show the currently saved VM snapshots", run: (*call).infoSnapshots},
		{names: one("status"), help: "show the current VM status (running|paused)", run: (*call).infoStatus},
		{names: one("symbol"), params: "addr", help: "show the symbol of the guest's kernel at 'addr'", least: 1, most: maxExpression, run: (*call).infoSymbol},
		{names: one("version"), help: "show the version of vmrr", run: (*call).infoVersion},
	}
}

// lookup returns the command of a name; nil if there is none.
func lookup(table []command, name string) *command {
	for i := range table {
		if slices.Contains(table[i].names, name) {
			return &table[i]
		}
	}
	return nil
}

func (c *call) help() error {
	table, prefix := commands(), ""
	if len(c.args) > 0 && c.args[0] == "info" {
		c.args, table, prefix = c.args[1:], infos(), "info "
	}
	if len(c.args) == 0 {
		for _, cmd := range table {
			c.printf("%s%s\n", prefix, cmd.explain())
		}
		return nil
	}
	cmd := lookup(table, c.args[0])
	if cmd == nil || len(c.args) > 1 {
		return userErrorf("unknown command: '%s'", prefix+strings.Join(c.args, " "))
	}
	c.printf("%s%s\n", prefix, cmd.explain())
	return nil
}

func (c *call) info() error {
	if len(c.args) == 0 {
		c.args = []string{"info"}
		return c.help()
	}
	cmd := lookup(infos(), c.args[0])
	if cmd == nil {
		return userErrorf("unknown command: 'info %s'", c.args[0])
	}
	c.args = c.args[1:]
	if n := len(c.args); n < cmd.least || n > cmd.most {
		return userErrorf("usage: info %s", cmd.line())
	}
	return cmd.run(c)
}
