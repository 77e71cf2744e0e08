// SPDX-License-Identifier: GPL-2.0-or-later

package archtest

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every source file says its licence in its first lines (the second, behind #!).
func TestLicence(t *testing.T) {
	const want = "SPDX-License-Identifier: GPL-2.0-or-later"
	root := os.DirFS(moduleRoot(t))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "build") {
				return fs.SkipDir
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".c", ".h", ".S":
		default:
			return nil
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		first := bufio.NewScanner(f)
		first.Scan()
		if !strings.Contains(first.Text(), want) {
			t.Errorf("%s begins with %q, want a comment with %q", name, first.Text(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
