package momenttest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

func Example() {
	srv := momenttest.Start() // in a test: momenttest.NewServer(t)
	defer srv.Close()
	id := srv.Projects.Put(moment.Project{Name: "Roof"})

	_, err := srv.Client().Projects.Update(context.Background(), id, &moment.ProjectInput{ProjectNumber: tid.Set("1042")})
	fmt.Println(err, srv.GetJSON("projects", id))
	// Output: <nil> {"id":1,"name":"Roof","projectNumber":"1042","projectState":null,"customerId":null,"customerName":null}
}

func ExampleServer_Inject() {
	srv := momenttest.Start(momenttest.InMemory())
	defer srv.Close()
	srv.Inject(momenttest.Fault{Operation: "POST /projects", Effect: momenttest.DropAfter()})

	_, err := srv.Client().Projects.Create(context.Background(), &moment.ProjectInput{Name: tid.Set("Roof")})
	var e *tid.Error
	fmt.Println(errors.As(err, &e) && e.MayHaveExecuted, srv.Projects.Len())
	// Output: true 1
}
