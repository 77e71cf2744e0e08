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

// mayImport says which of our packages a room may import: those below the given
// folders, and itself. The longest matching folder counts. nil means any.
var mayImport = map[string][]string{
	"icount":              {},
	"cpu":                 {"cpu"},
	"devices":             {"devices", "icount"},
	"images":              {"images"},
	"machine":             {"machine", "cpu", "devices", "icount"},
	"machine/pc":          {"machine", "cpu", "devices", "icount", "images"},
	"machine/virt":        {"machine", "cpu", "devices", "icount", "images"},
	"replay":              {"replay", "machine", "internal/atomicfile", "internal/badfile", "internal/framed"},
	"internal/atomicfile": {},
	"internal/badfile":    {},
	"internal/framed":     {"internal/badfile"},
	"snapshots":           {"snapshots", "machine", "internal/atomicfile", "internal/badfile", "internal/framed"},
	"timeline":            {"timeline", "snapshots", "replay", "machine", "cpu", "icount"},
	"chardev":             {},
	"gdbstub":             {"gdbstub", "cpu"},
	"monitor":             {"monitor", "timeline", "snapshots", "replay", "machine", "cpu"},
	"session":             {"session", "gdbstub", "monitor", "chardev", "timeline", "replay", "machine", "cpu"},
	"frontend":            {"frontend", "chardev", "monitor", "machine"},
	"frontend/terminal":   {},
	"symbols":             {"symbols", "images"},
	"cmd":                 nil,
	"guests":              {"guests", "images"},
	"scripts":             {},
	"internal":            nil,
}

// onlyFrom says who may import some rooms at all, tests aside.
var onlyFrom = map[string][]string{
	"cpu/unicorn":        {"cmd", "internal/testguest"},
	"cpu/disasm":         {"cmd", "monitor", "timeline"},
	"internal/testconn":  {},
	"internal/testguest": {},
	"cmd":                {},
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

func TestImports(t *testing.T) {
	eachFile(t, func(file, pkg string, imports []string) {
		for _, imported := range imports {
			if imported == "C" && !under(pkg, withC) {
				t.Errorf("%s uses cgo, which only %q may", file, withC)
			}
			ours, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			r, ok := room(pkg)
			if !ok {
				t.Errorf("%s lies in no room that internal/archtest knows: give it its place there", file)
				continue
			}
			if allowed := mayImport[r]; allowed != nil && ours != pkg && !under(ours, allowed) {
				t.Errorf("%s imports %s; want %s to import only what lies in %q", file, ours, r, allowed)
			}
			for restricted, from := range onlyFrom {
				if under(ours, []string{restricted}) && !under(pkg, append(from, restricted)) {
					t.Errorf("%s imports %s, which only %q may", file, ours, from)
				}
			}
		}
	})
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
