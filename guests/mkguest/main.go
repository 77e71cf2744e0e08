// SPDX-License-Identifier: GPL-2.0-or-later

// Mkguest makes a test guest's files out of Debian's: it unpacks the kernel
// proper from a bzImage and packs the initrd. The same inputs give the same
// bytes. Each output appears whole or not at all.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	"github.com/u-root/u-root/pkg/cpio"

	"github.com/vmrr/vmrr/images/linux"
)

func main() {
	var in inputs
	bzImage := pflag.String("bzimage", "", "kernel to unpack (optional)")
	vmlinux := pflag.String("vmlinux", "", "where to write the unpacked kernel, an ELF file")
	pflag.StringVar(&in.busybox, "busybox", "", "statically linked busybox")
	pflag.StringVar(&in.init, "init", "", "script to become /init")
	pflag.StringVar(&in.applets, "applets", "", "list of busybox applets to link into /bin")
	initrd := pflag.String("initrd", "", "where to write the initrd, a gzipped cpio archive")
	addition := pflag.String("addition", "", "where to write an archive to go behind the initrd, of the arguments NAME=FILE")
	pflag.Parse()
	if err := run(*bzImage, *vmlinux, in, *initrd, *addition, pflag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "mkguest: %v\n", err)
		os.Exit(1)
	}
}

func run(bzImage, vmlinux string, in inputs, initrd, addition string, files []string) error {
	if (bzImage == "") != (vmlinux == "") {
		return errors.New("--bzimage and --vmlinux go together")
	}
	if bzImage != "" {
		if err := unpack(bzImage, vmlinux); err != nil {
			return err
		}
	}
	if initrd != "" {
		list, err := records(in)
		if err := write(initrd, list, err); err != nil {
			return err
		}
	}
	if addition == "" {
		return nil
	}
	list, err := added(files)
	return write(addition, list, err)
}

// write packs an archive, if its members could be listed.
func write(path string, list []cpio.Record, err error) error {
	var data []byte
	if err == nil {
		data, err = pack(list)
	}
	if err != nil {
		return fmt.Errorf("packing %s: %w", path, err)
	}
	return writeFile(path, data)
}

// unpack writes the ELF file that a bzImage carries.
func unpack(bzImage, vmlinux string) error {
	image, err := os.ReadFile(bzImage)
	if err != nil {
		return err
	}
	kernel, err := linux.Unpack(image)
	if err != nil {
		return fmt.Errorf("%s: %w", bzImage, err)
	}
	return writeFile(vmlinux, kernel)
}

// writeFile replaces the file at path by data in one step.
func writeFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
