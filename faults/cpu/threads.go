package cpu

import (
	"fmt"
	"os"
	"strings"
)

// threadsNamed is how many threads of a process have a name (proc_pid_comm(5)).
func threadsNamed(pid int, name string) int {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	n := 0
	for _, t := range tasks {
		text, err := os.ReadFile(dir + "/" + t.Name() + "/comm")
		if err == nil && strings.TrimSpace(string(text)) == name {
			n++
		}
	}
	return n
}
