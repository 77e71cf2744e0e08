// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"fmt"
	"strings"
)

// GDBInit is a script for gdb (gdb -x, or "source"), of version 10 or later. It defines
// the words below. And after a "monitor" command that moved the machine, gdb forgets
// the registers and memory that it remembers, and shows where the machine is now. The
// hooks for that ask the stub with packets of vmrr's own (qvmrr.Moved, Qvmrr.Refreshes);
// to another stub they do nothing. They go through "pipe" so that gdb's own messages
// about it stay away.
var GDBInit = withoutQuestions(hooks + defineWords(gdbWords) + whoWroteWord + modulesWord)

// follow-mode tells by the register code_bits, which is as wide as the code is that the
// description is for which gdb has read, and which gdb has read with all others. To
// "unset tdesc filename" gdb reads the description again. In a narrow architecture gdb
// would cut the addresses of breakpoints in 64-bit code. Who has set the architecture
// by hand keeps it.
const hooks = `define follow-mode
  if !$_isvoid($code_bits) && $code_bits != 8 * sizeof($code_bits)
    set $_vmrr_architecture = $_gdb_setting_str("architecture")
    if $_vmrr_architecture[0] == 'a'
      pipe maintenance packet Qvmrr.Refreshes | cat >/dev/null
      set remoteaddresssize 64
      pipe unset tdesc filename | cat >/dev/null
    end
  end
end
document follow-mode
Take the processor for what it is now: for one that runs 16-bit, 32-bit or 64-bit code.
This is done at each stop, by hook-stop; one of your own should do it too.
end
define hook-stop
  follow-mode
end
document hook-stop
What gdb does at each stop: follow-mode.
end
define hook-monitor
  pipe maintenance packet Qvmrr.Refreshes | cat >/dev/null
end
document hook-monitor
What gdb does before a monitor command: vmrr hears that it need not remind of a jump.
end
define hookpost-monitor
  pipe maintenance packet qvmrr.Moved | grep 'received: "yes"' >/dev/null
  if $_shell_exitcode == 0
    pipe maintenance flush register-cache | cat >/dev/null
    pipe maintenance flush dcache | cat >/dev/null
    follow-mode
    frame
  end
end
document hookpost-monitor
What gdb does after a monitor command: if the machine was moved, it reads everything anew.
end
`

// gdbWord is a command of gdb that executes the monitor command of the same name.
type gdbWord struct {
	name      string
	arguments int // how many it takes at most
	help      string
}

// aText is how many words a text may have.
const aText = 8

// gdbWords are these commands. checkpoint, restart, info checkpoints and delete
// checkpoint are gdb's own words, for processes that it can fork.
var gdbWords = []gdbWord{
	{name: "when", help: "Show where in the recording the machine is."},
	{name: "elapsed-time", help: "Show how much of the guest's time has passed since the recording's beginning."},
	{name: "goto", arguments: aText, help: "Go to an instant of the recording.\n" +
		"goto N: to an instruction count. goto --console TEXT: to where the guest has sent TEXT to its console."},
	{name: "seek-ticks", arguments: 1, help: "Go to an instruction count: seek-ticks N."},
	{name: "checkpoint", arguments: aText, help: "Remember where the machine is, to come back by `restart': checkpoint [NOTE].\n" +
		"`goto NOTE' comes back too, if the note is one word."},
	{name: "info checkpoints", help: "List what `checkpoint' has remembered."},
	{name: "restart", arguments: 1, help: "Go to a checkpoint: restart NUMBER."},
	{name: "delete checkpoint", arguments: 1, help: "Forget a checkpoint: delete checkpoint NUMBER."},
	{name: "back", arguments: 1, help: "Go to where the machine was before the last jump; `back N' does so N times."},
	{name: "forward", arguments: 1, help: "Undo `back'; `forward N' does so N times."},
}

// whoWroteWord defines who-wrote, whose address is an expression of gdb's. That compares
// a word as an array of characters: its $_streq needs a gdb with Python.
const whoWroteWord = `define who-wrote
  if $argc == 0
    monitor who-wrote
  end
  if $argc == 1
    if sizeof("$arg0") == 3 && "$arg0"[0] == '-' && "$arg0"[1] == 'p'
      monitor who-wrote -p
    else
      eval "monitor who-wrote %#lx", (unsigned long)($arg0)
    end
  end
  if $argc == 2
    if sizeof("$arg0") == 3 && "$arg0"[0] == '-' && "$arg0"[1] == 'p'
      eval "monitor who-wrote -p %#lx", (unsigned long)($arg1)
    else
      eval "monitor who-wrote %#lx $arg1", (unsigned long)($arg0)
    end
  end
  if $argc == 3
    eval "monitor who-wrote $arg0 %#lx $arg2", (unsigned long)($arg1)
  end
  if $argc > 3
    echo who-wrote takes at most 3 words.\n
  end
end
document who-wrote
Go back to the last write to an address: who-wrote [-p] ADDRESS [SIZE].
The address is an expression without blanks; with -p it is a physical address.
SIZE is how many bytes to look at, 8 if it is not given.
end
`

// defineWords writes the definitions.
func defineWords(words []gdbWord) string {
	var b strings.Builder
	for _, w := range words {
		fmt.Fprintf(&b, "define %s\n%send\ndocument %s\n%s\nend\n", w.name, w.body(), w.name, w.help)
	}
	return b.String()
}

// body is what the command does. gdb has no word for all arguments.
func (w gdbWord) body() string {
	if w.arguments == 0 {
		return "  monitor " + w.name + "\n"
	}
	var b strings.Builder
	command := "monitor " + w.name
	for n := range w.arguments + 1 {
		if n > 0 {
			command += fmt.Sprintf(" $arg%d", n-1)
		}
		fmt.Fprintf(&b, "  if $argc == %d\n    %s\n  end\n", n, command)
	}
	most := fmt.Sprintf("%d words", w.arguments)
	if w.arguments == 1 {
		most = "1 word"
	}
	fmt.Fprintf(&b, "  if $argc > %d\n    echo %s takes at most %s.\\n\n  end\n", w.arguments, w.name, most)
	return b.String()
}

// withoutQuestions has gdb define its own words anew without asking, and then ask as
// before.
func withoutQuestions(script string) string {
	return "set $_vmrr_confirm = $_gdb_setting(\"confirm\")\nset confirm off\n" + script +
		"if $_vmrr_confirm\n  set confirm on\nend\n"
}
