// SPDX-License-Identifier: GPL-2.0-or-later

package archtest

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// guestVisible are the rooms whose code is the guest's world.
var guestVisible = []string{"./icount/...", "./devices/...", "./machine/...", "./images/..."}

// notThere are packages that such code must not import: hosts' clocks, entropy,
// environment and concurrency. A machine may be interrupted from another thread,
// for which sync/atomic is enough.
var notThere = []string{"math/rand", "math/rand/v2", "crypto/rand", "hash/maphash", "time", "os", "net", "context", "sync", "runtime", "syscall"}

func TestGuestVisibleCodeIsDeterministic(t *testing.T) {
	pkgs, exports := listPackages(t)
	fset := token.NewFileSet()
	load := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range pkgs {
		var files []*ast.File
		for _, name := range p.files {
			f, err := parser.ParseFile(fset, filepath.Join(p.dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		if _, err := (&types.Config{Importer: load}).Check(p.path, fset, files, info); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			for _, problem := range problems(f, info) {
				t.Errorf("%s: %s", fset.Position(problem.at), problem.what)
			}
		}
	}
}

// TestProblemsAreFound proves that the check above finds something.
func TestProblemsAreFound(t *testing.T) {
	const source = `package p
import _ "time"
import _ "math/rand/v2"
type set map[int]bool
func f(m set, s []int, c chan int) {
	for range m {}
	for range s {}
	go f(nil, nil, nil)
	select {}
	c <- 1
	<-c
	for range c {}
}`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	check := types.Config{Importer: importer.Default(), Error: func(error) {}} // the imports have no export data here
	check.Check("p", fset, []*ast.File{f}, info)
	var lines []int
	for _, p := range problems(f, info) {
		lines = append(lines, fset.Position(p.at).Line)
	}
	slices.Sort(lines)
	if want := []int{2, 3, 6, 8, 9, 10, 11, 12}; !slices.Equal(lines, want) {
		t.Errorf("problems were found in lines %d, want %d", lines, want)
	}
}

type problem struct {
	at   token.Pos
	what string
}

// problems lists what makes a file's behaviour depend on more than its inputs.
func problems(f *ast.File, info *types.Info) (found []problem) {
	note := func(n ast.Node, format string, args ...any) {
		found = append(found, problem{n.Pos(), fmt.Sprintf(format, args...)})
	}
	for _, i := range f.Imports {
		if p := strings.Trim(i.Path.Value, `"`); slices.Contains(notThere, p) {
			note(i, "package %s must not be imported in guest-visible code", p)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			note(n, "a go statement in guest-visible code")
		case *ast.SelectStmt:
			note(n, "a select statement in guest-visible code")
		case *ast.SendStmt:
			note(n, "a channel in guest-visible code")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				note(n, "a channel in guest-visible code")
			}
		case *ast.RangeStmt:
			switch info.TypeOf(n.X).Underlying().(type) {
			case *types.Map:
				note(n, "a range over a map, whose order is random, in guest-visible code")
			case *types.Chan:
				note(n, "a channel in guest-visible code")
			}
		case *ast.SelectorExpr:
			// maps.Keys and the like give that order too.
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "maps" && slices.Contains([]string{"All", "Keys", "Values"}, n.Sel.Name) {
				note(n, "maps.%s, whose order is random, in guest-visible code", n.Sel.Name)
			}
		}
		return true
	})
	return found
}

type listed struct {
	path, dir string
	files     []string
}

// listPackages returns the guest-visible packages, and where the compiler's
// export data of all that they import lie.
func listPackages(t *testing.T) (pkgs []listed, exports map[string]string) {
	t.Helper()
	list := func(args ...string) *bufio.Scanner {
		cmd := exec.Command("go", append([]string{"list"}, args...)...)
		cmd.Dir = moduleRoot(t)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list %q: %v", args, err)
		}
		return bufio.NewScanner(bytes.NewReader(out))
	}
	for s := list(append([]string{"-f", "{{.ImportPath}}\t{{.Dir}}\t{{join .GoFiles \" \"}}"}, guestVisible...)...); s.Scan(); {
		f := strings.Split(s.Text(), "\t")
		pkgs = append(pkgs, listed{f[0], f[1], strings.Fields(f[2])})
	}
	exports = map[string]string{}
	for s := list(append([]string{"-deps", "-export", "-f", "{{.ImportPath}}\t{{.Export}}"}, guestVisible...)...); s.Scan(); {
		name, file, _ := strings.Cut(s.Text(), "\t")
		exports[name] = file
	}
	return pkgs, exports
}
