package tidredis_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
)

// Each container of a service has a client like this one.
func Example() {
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"redis:6379"}, ContextTimeoutEnabled: true})
	defer rdb.Close()
	id, secret := os.Getenv("VISMATID_APP_ID"), os.Getenv("VISMATID_APP_SECRET")
	client, err := tid.NewClient(
		tidredis.Credentials(rdb, id, secret),
		tid.WithLimiter(tidredis.Limiter(rdb, id, tidredis.Share(10))))
	if err != nil {
		log.Fatal(err)
	}
	for project, err := range client.Projects.All(context.Background(), nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(project.OrderNumber, project.Title)
	}
}

func ExampleReadStats() {
	rdb := redis.NewClient(&redis.Options{Addr: "redis:6379"})
	defer rdb.Close()
	stats, err := tidredis.ReadStats(context.Background(), rdb, os.Getenv("VISMATID_APP_ID"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of 4 slots are in use\n", len(stats.Slots))
	for _, w := range stats.Waiting {
		fmt.Printf("%s has been waiting for %s\n", w.Process, w.For)
	}
}
