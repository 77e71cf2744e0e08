// SPDX-License-Identifier: GPL-2.0-or-later

// Package archtest proves what the source must keep to: arrows between packages
// point down, C stays in its rooms, and what the guest can see depends on nothing
// but the instruction count and the recording.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/vmrr/vmrr"

// mayImport says which of our packages a room may import; "/..." means those below,
// too. The longest folder that a package lies in is its room. nil means any.
var mayImport = map[string][]string{
	"icount":              {},
	"cpu":                 {"cpu", "cpu/x86"},
	"devices":             {"devices", "icount"},
	"images":              {},
	"machine":             {"cpu", "devices", "icount", "machine"},
	"machine/pc":          {"cpu", "cpu/x86", "devices/...", "icount", "images/...", "machine"},
	"replay":              {"internal/atomicfile", "internal/badfile", "internal/framed", "machine"},
	"internal/atomicfile": {},
	"internal/badfile":    {},
	"internal/framed":     {"internal/badfile"},
	"internal/testconn":   {},
	"internal/testdevice": {"devices"},
	"internal/testguest":  {"cpu", "cpu/unicorn", "cpu/x86", "machine", "machine/diff", "machine/pc", "replay", "snapshots"},
	"snapshots":           {"internal/atomicfile", "internal/badfile", "internal/framed", "machine"},
	"timeline":            {"cpu", "cpu/disasm", "machine", "machine/diff", "replay", "snapshots"},
	"recordings":          {"internal/atomicfile", "internal/badfile", "machine", "machine/pc", "replay", "snapshots", "symbols", "timeline"},
	"chardev":             {},
	"gdbstub":             {"cpu", "gdbstub/agent"},
	"gdbstub/agent":       {},
	"monitor":             {"cpu", "cpu/disasm", "machine", "replay", "snapshots", "symbols", "timeline"},
	"monitor/qmp":         {"machine", "monitor"},
	"session":             {"chardev", "cpu", "gdbstub", "monitor", "replay", "timeline"},
	"frontend":            {"chardev", "frontend/terminal", "machine", "machine/pc", "monitor", "monitor/qmp"},
	"frontend/terminal":   {},
	"symbols":             {"images/linux"},
	"cmd":                 nil,
	"guests":              {"images/linux"},
	"scripts":             {},
}

// onlyFrom says who may import some rooms at all, tests aside.
var onlyFrom = map[string][]string{
	"cpu/unicorn":         {"cmd", "internal/testguest"},
	"cpu/disasm":          {"monitor", "timeline"},
	"internal/testconn":   {},
	"internal/testdevice": {},
	"internal/testguest":  {},
	"cmd":                 {},
}

// withC are the rooms that cgo is allowed in.
var withC = []string{"cpu/unicorn", "cpu/disasm"}

// under reports whether a package lies in one of the folders.
func under(pkg string, folders []string) bool {
	for _, f := range folders {
		if pkg == f || strings.HasPrefix(pkg, f+"/") {
			return true
		}
	}
	return false
}

// room returns the longest folder of the table that a package lies in.
func room(pkg string) (string, bool) {
	for f := pkg; f != "."; f = path.Dir(f) {
		if _, ok := mayImport[f]; ok {
			return f, true
		}
	}
	return "", false
}

// matches reports whether a package is one of mayImport's.
func matches(pkg, pattern string) bool {
	if folder, ok := strings.CutSuffix(pattern, "/..."); ok {
		return under(pkg, []string{folder})
	}
	return pkg == pattern
}

func TestImports(t *testing.T) {
	entries := make(map[string]bool) // of the tables, whether something needs them
	for r, list := range mayImport {
		entries["the room "+r] = false
		for _, p := range list {
			entries[r+": "+p] = false
		}
	}
	for restricted, from := range onlyFrom {
		for _, f := range from {
			entries[restricted+" only from "+f] = false
		}
	}
	for _, f := range withC {
		entries["cgo in "+f] = false
	}
	eachFile(t, func(file, pkg string, imports []string) {
		r, ok := room(pkg)
		if !ok {
			t.Errorf("%s lies in no room that internal/archtest knows: give it its place there", file)
			return
		}
		entries["the room "+r] = true
		for _, imported := range imports {
			if imported == "C" {
				if !under(pkg, withC) {
					t.Errorf("%s uses cgo, which only %q may", file, withC)
				}
				entries["cgo in "+pkg] = true
			}
			ours, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			allowed := mayImport[r] == nil
			for _, p := range mayImport[r] {
				if matches(ours, p) {
					allowed, entries[r+": "+p] = true, true
				}
			}
			if !allowed {
				t.Errorf("%s imports %s; want %s to import only %q", file, ours, r, mayImport[r])
			}
			for restricted, from := range onlyFrom {
				if !under(ours, []string{restricted}) {
					continue
				}
				allowed := under(pkg, []string{restricted})
				for _, f := range from {
					if under(pkg, []string{f}) {
						allowed, entries[restricted+" only from "+f] = true, true
					}
				}
				if !allowed {
					t.Errorf("%s imports %s, which only %q may", file, ours, from)
				}
			}
		}
	})
	for entry, needed := range entries {
		if !needed {
			t.Errorf("%q in the tables of internal/archtest is of no use: want what the code has, no more", entry)
		}
	}
}

// eachFile calls f for each Go file of the module that is no test, with its
// package's folder.
func eachFile(t *testing.T, f func(file, pkg string, imports []string)) {
	t.Helper()
	root := moduleRoot(t)
	count := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "build") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, i := range parsed.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, p)
		}
		count++
		f(name, path.Dir(name), imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 50 {
		t.Errorf("found %d Go files below %s, want 50 or more: the test is void", count, root)
	}
}

// moduleRoot is two above this package.
func moduleRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return root
}
