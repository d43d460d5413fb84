package main

import (
	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/store"
)

func brokerCommand(home *string) *cobra.Command {
	var c broker.Config
	cmd := &cobra.Command{
		Use: "broker", Short: "The Kafka broker", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Home = *home
			return broker.Run(cmd.Context(), c)
		},
	}
	listenFlag(cmd.Flags(), &c.Addr)
	cmd.Flags().StringVar(&c.Kafka, "kafka-listen", "", "host:port where Kafka listens, which clients are told: an address that they all reach; default as --listen")
	return cmd
}

func registryCommand(home *string) *cobra.Command {
	c := registry.Config{}
	var broken defectFlags
	cmd := &cobra.Command{
		Use: "registry", Short: "The schema registry", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c.Home = *home
			if c.Defects, err = broken.set(); err != nil {
				return err
			}
			return registry.Run(cmd.Context(), c)
		},
	}
	listenFlag(cmd.Flags(), &c.Addr)
	broken.add(cmd.Flags())
	return cmd
}

func storeCommand(home *string) *cobra.Command {
	var c store.Config
	cmd := &cobra.Command{
		Use: "store", Short: "The S3 object store", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Home = *home
			return store.Run(cmd.Context(), c)
		},
	}
	listenFlag(cmd.Flags(), &c.Addr)
	return cmd
}

func ingestCommand(home *string) *cobra.Command {
	var c ingest.Config
	var broken defectFlags
	cmd := &cobra.Command{
		Use: "ingest", Short: "The ingestion service", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c.Home = *home
			if c.Defects, err = broken.set(); err != nil {
				return err
			}
			return ingest.Run(cmd.Context(), c)
		},
	}
	cmd.Flags().StringVar(&c.Kafka, "kafka", "", "addresses of the brokers, with commas between")
	cmd.Flags().StringVar(&c.Registry, "registry", "", "URL or address of the registry")
	cmd.Flags().StringVar(&c.Trades, "trades", "", "folder of recorded trades")
	cmd.Flags().IntVar(&c.Rate, "rate", 200, "trades a second")
	cmd.Flags().Uint64Var(&c.Seed, "seed", 1, "seed of the generator")
	listenFlag(cmd.Flags(), &c.Addr)
	groupFlag(cmd.Flags(), &c.Group)
	broken.add(cmd.Flags())
	return cmd
}

func sinkCommand(home *string) *cobra.Command {
	var c sink.Config
	var with tableFlags
	cmd := &cobra.Command{
		Use: "sink", Short: "The sink from Kafka to Iceberg", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if c.Lake, c.Defects, err = with.read(*home); err != nil {
				return err
			}
			c.Home = *home
			return sink.Run(cmd.Context(), c)
		},
	}
	with.add(cmd.Flags())
	cmd.Flags().StringVar(&c.Kafka, "kafka", "", "addresses of the brokers, with commas between")
	cmd.Flags().StringVar(&c.Registry, "registry", "", "URL or address of the registry")
	listenFlag(cmd.Flags(), &c.Addr)
	return cmd
}

func queryCommand(home *string) *cobra.Command {
	c := query.Config{}
	var with tableFlags
	cmd := &cobra.Command{
		Use: "query", Short: "The query API", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if c.Lake, c.Defects, err = with.read(*home); err != nil {
				return err
			}
			c.Home = *home
			return query.Run(cmd.Context(), c)
		},
	}
	with.add(cmd.Flags())
	listenFlag(cmd.Flags(), &c.Addr)
	groupFlag(cmd.Flags(), &c.Group)
	return cmd
}
