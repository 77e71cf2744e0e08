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
var GDBInit = withoutQuestions(hooks + defineWords(gdbWords) + modulesWord)

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
define hook-monitor
  pipe maintenance packet Qvmrr.Refreshes | cat >/dev/null
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
`

// gdbWord is a command of gdb that executes the monitor command of the same name.
type gdbWord struct {
	name       string
	arguments  int  // how many it takes at most
	expression bool // the first one is an address, an expression of gdb's
	help       string
}

// gdbWords are these commands. checkpoint, restart, info checkpoints and delete
// checkpoint are gdb's own words, for processes that it can fork.
var gdbWords = []gdbWord{
	{name: "when", help: "Show where in the recording the machine is."},
	{name: "elapsed-time", help: "Show how much of the guest's time has passed since the recording's beginning."},
	{name: "goto", arguments: 8, help: "Go to an instant of the recording.\n" +
		"goto N: to an instruction count. goto --console TEXT: to where the guest has sent TEXT to its console."},
	{name: "seek-ticks", arguments: 1, help: "Go to an instruction count: seek-ticks N."},
	{name: "checkpoint", arguments: 1, help: "Remember where the machine is, to come back by `restart'."},
	{name: "info checkpoints", help: "List what `checkpoint' has remembered."},
	{name: "restart", arguments: 1, help: "Go to a checkpoint: restart NUMBER."},
	{name: "delete checkpoint", arguments: 1, help: "Forget a checkpoint: delete checkpoint NUMBER."},
	{name: "back", arguments: 1, help: "Go to where the machine was before the last jump, or N jumps ago."},
	{name: "forward", arguments: 1, help: "Undo `back', or N of them."},
	{name: "who-wrote", arguments: 2, expression: true, help: "Go back to the last write to an address: who-wrote ADDRESS [LENGTH].\n" +
		"The address is an expression without blanks."},
}

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
	line := "monitor " + w.name
	for n := range w.arguments + 1 {
		command := line
		switch {
		case n == 1 && w.expression:
			line += " %#lx"
			command = fmt.Sprintf("eval \"%s\", (unsigned long)($arg0)", line)
		case n > 0:
			line += fmt.Sprintf(" $arg%d", n-1)
			if command = line; w.expression {
				command = fmt.Sprintf("eval \"%s\", (unsigned long)($arg0)", line)
			}
		}
		fmt.Fprintf(&b, "  if $argc == %d\n    %s\n  end\n", n, command)
	}
	fmt.Fprintf(&b, "  if $argc > %d\n    echo %s takes no more than %d words.\\n\n  end\n", w.arguments, w.name, w.arguments)
	return b.String()
}

// withoutQuestions has gdb define its own words anew without asking, and then ask as
// before.
func withoutQuestions(script string) string {
	return "set $_vmrr_confirm = $_gdb_setting(\"confirm\")\nset confirm off\n" + script +
		"if $_vmrr_confirm\n  set confirm on\nend\n"
}
