module github.com/vmrr/vmrr

go 1.26
