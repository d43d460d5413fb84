package kube

import (
	"context"
	"fmt"
	"net/http"
)

// NodeBoot is the boot id of a node, as /proc/sys/kernel/random/boot_id has it
// there: it tells whether this machine is that node, whatever their names are.
func (c *Client) NodeBoot(ctx context.Context, node string) (string, error) {
	var out struct {
		Status struct {
			Info struct {
				BootID string `json:"bootID"`
			} `json:"nodeInfo"`
		} `json:"status"`
	}
	err := c.call(ctx, http.MethodGet, at("api", "v1", "nodes", node), nil, &out)
	if err == nil && out.Status.Info.BootID == "" {
		err = fmt.Errorf("asking the cluster at %s for node %s: %w: it names no boot id", c.server, node, errOdd)
	}
	return out.Status.Info.BootID, err
}
