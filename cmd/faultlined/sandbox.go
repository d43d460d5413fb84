package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/sandbox"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/service"
)

func sandboxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "sandbox", Short: "A K2-shaped platform to break, as separate processes"}
	home := homeFlag(cmd)
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return absolute(home) }
	cmd.AddCommand(upCommand(home), downCommand(home), brokerCommand(home), registryCommand(home), storeCommand(home),
		ingestCommand(home), sinkCommand(home), queryCommand(home), healthyCommand())
	return cmd
}

func upCommand(home *string) *cobra.Command {
	var c sandbox.Config
	var given givenFlags
	var lake serviceLake
	var broken defectFlags
	var proxied, linked bool
	cmd := &cobra.Command{
		Use: "up", Short: "Start every service and keep them running until interrupted", Args: cobra.NoArgs,
		Long: "Starts a K2-shaped platform below the state folder. With --kafka, --registry and the flags of a lake its\n" +
			"ingestion, sink and query API run on servers that are there; --warehouse store keeps the tables in its own S3 store.\n" +
			"With --kafka-proxy ingestion and sink reach Kafka through a proxy that faults can be injected into; with\n" +
			"--links sink and query reach the S3 store through such a proxy, too: that of the lake, else the sandbox's own. A\n" +
			"pipeline on the same state folder that is given no lake finds the tables by itself.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			exe, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding this program: %w", err)
			}
			c.Home, c.Self = *home, []string{exe, "sandbox"}
			if c.Defects, err = broken.set(); err != nil {
				return err
			}
			if proxied {
				if c.Proxy, err = proxyCommand(lake); err != nil {
					return err
				}
			}
			if linked {
				if c.Links, c.StoreAt, err = linkCommand(&lake, *home); err != nil {
					return err
				}
			}
			if c.LakeArgs, err = lake.args(); err != nil {
				return err
			}
			servers, err := findServers(given, &lake, *home)
			if err != nil {
				return err
			}
			if err := tellWarehouse(*home, lake); err != nil {
				return err
			}
			c.Kafka, c.Registry, c.Store = given.kafka, given.registry, c.Store && servers.Store == nil
			c.Held = heldIn(*home, filepath.Join(service.Dir(*home), "platform.yaml"))
			c.Platform = func(a sandbox.Addresses) ([]byte, error) {
				return json.MarshalIndent(platform(*home, a, servers), "", "  ")
			}
			return sandbox.Up(cmd.Context(), c, func(a sandbox.Addresses) { announce(cmd, *home, a) })
		},
	}
	cmd.Flags().StringVar(&c.Trades, "trades", "", "folder of recorded trades; without it a seeded generator")
	cmd.Flags().IntVar(&c.Rate, "rate", 200, "trades a second")
	cmd.Flags().Uint64Var(&c.Seed, "seed", 1, "seed of the generator")
	cmd.Flags().BoolVar(&c.Store, "store", true, "start the S3 store too")
	cmd.Flags().BoolVar(&proxied, "kafka-proxy", false, "put a Kafka proxy between Kafka and its clients, as target kafka-proxy; needs faultline beside this program")
	cmd.Flags().Var((*memoryLimit)(&c.Memory), "memory-limit", "memory that ingestion may use, such as ingestion=256MiB; takes root")
	cmd.Flags().Var((*cpuLimit)(&c.CPU), "cpu-limit", "processor time that the query service may use, such as query=50%, of one processor; takes root")
	cmd.Flags().BoolVar(&linked, "links", false, "put a link proxy before the S3 store of the lake, or before the sandbox's own, where the tables are then, as targets sink-store-link, query-store-link and store-links; needs faultline beside this program")
	given.add(cmd.Flags())
	lake.add(cmd.Flags())
	broken.add(cmd.Flags())
	return cmd
}

func findServers(given givenFlags, lake *serviceLake, home string) (k2.Given, error) {
	if err := given.check(); err != nil {
		return k2.Given{}, err
	}
	s, err := lake.settings(home)
	if err != nil {
		return k2.Given{}, err
	}
	return given.find(s.LakeOrDefault())
}

func platform(home string, a sandbox.Addresses, given k2.Given) any {
	var proxy *k2.Proxy
	if a.Proxy != "" {
		proxy = &k2.Proxy{Kafka: a.Proxy, Control: sandbox.ProxyControl(home)}
	}
	links := ""
	if a.Links != nil {
		links = sandbox.LinksControl(home)
	}
	return k2.Platform(k2.Addresses{
		Kafka: a.Kafka, Proxy: proxy, Links: links, BrokerHealth: a.Broker, Registry: a.Registry, Store: a.Store,
		Ingest: a.Ingest, Sink: a.Sink, Query: a.Query, Records: service.Dir(home), Given: given,
	})
}

func announce(cmd *cobra.Command, home string, a sandbox.Addresses) {
	kafka := a.Kafka
	if a.Proxy != "" {
		kafka += ", for ingestion and sink through the proxy at " + a.Proxy
	}
	cmd.Printf("sandbox is up, its state is in %s\n  kafka %s\n  registry %s\n  ingest http://%s/metrics\n  trades http://%s/api/v1/trades\nend it with Ctrl-C or: faultline sandbox down\n",
		service.Dir(home), kafka, service.URL(a.Registry), a.Ingest, a.Query)
}

func downCommand(home *string) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop every service that the records name", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return sandbox.Down(cmd.Context(), *home) },
	}
}
