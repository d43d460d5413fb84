package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/faults/restartloop"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "faultline",
		Short:         "Show that a Kafka-to-Iceberg platform survives failure",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	var w where
	w.add(root)
	group(root, "experiments", "Experiments:", checkCommand(&w), planCommand(&w), runCommand(&w), publishCommand(&w), listCommand(&w),
		showCommand(&w), noteCommand(&w), approveCommand(&w), abortCommand(&w),
		faultsCommand("What can be done to a target, and its parameters", drivers.Kinds()))
	group(root, "tables", "Tables:", daemonCommand("audit", "Account for every record of a flow, without an experiment"),
		daemonCommand("checks", "Check the table that the records end up in, as it is now"),
		daemonCommand("lake maintain", "Merge small files of Faultline's own tables, drop old snapshots and orphans"))
	group(root, "stop", "Stop and undo, with or without a pipeline:", haltCommand(&w), resumeCommand(&w), ledgerCommand(&w))
	group(root, "processes", "Processes:",
		daemonCommand("up", "Run the pipeline: decide, inject, sample, judge, project"), agentCommand(&w), kafkaProxyCommand(&w), linkProxyCommand(&w),
		daemonCommand("sandbox up|down", "A K2-shaped platform to break, as separate processes"),
		daemonCommand("demo", "Sandbox, pipeline and the broker-stop experiment, to its verdict"))
	root.AddCommand(versionCommand(), reaperCommand(), keeperCommand(),
		doerCommand(memory.Command, "Hold memory in a target's control group, as an agent says"),
		doerCommand(restartloop.Command, "Kill a target's process again and again, as an agent says"),
		doerCommand(container.Command, "Restart a target's container again and again, as an agent says"),
		doerCommand(cpu.Command, "Burn processor time in a target's control group, as an agent says"))
	return root
}

// group adds commands below a title of the help.
func group(root *cobra.Command, id, title string, all ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, cmd := range all {
		cmd.GroupID = id
		root.AddCommand(cmd)
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this build",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			version := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				version = info.Main.Version + " " + info.GoVersion
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "faultline", version)
			return err
		},
	}
}
