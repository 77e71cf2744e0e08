// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

// ModulesFile is the file, target:modules for gdb, that has the symbols of the kernel's
// modules at the present instant.
const ModulesFile = "modules"

// modulesWord defines the word modules. gdb forgets the symbols of before also if there
// are none now. It reads them through the connection, wherever it runs. That breakpoints
// there are not known for a moment is not worth saying.
const modulesWord = `define modules
  monitor info modules
  pipe maintenance print objfiles ^target:modules$ | grep target:modules >/dev/null
  if $_shell_exitcode == 0
    pipe remove-symbol-file target:modules | cat >/dev/null
  end
  pipe add-symbol-file target:modules | cat >/dev/null
end
document modules
Show the kernel's modules at the present instant, and let gdb know their symbols.
It does not know those of an earlier 'modules' any more.
end
`
