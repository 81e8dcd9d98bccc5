package newsline.devnode;

import java.io.IOException;
import java.util.List;
import org.elasticsearch.Build;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionRequestValidationException;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.TransportAction;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;
import org.elasticsearch.xcontent.ToXContentObject;
import org.elasticsearch.xcontent.XContentBuilder;

/**
 * Answers {@code GET /} and {@code HEAD /}: the client's info() and ping().
 *
 * <p>An action and no mere handler, so that with security on it asks for the same privilege as a
 * real server does: a key that may only read gets 403 here as well.
 */
public final class RootAction extends TransportAction<RootAction.Request, RootAction.Answer> {
    static final ActionType<Answer> TYPE = new ActionType<>("cluster:monitor/main");

    private final ClusterService cluster;

    @Inject
    public RootAction(TransportService transport, ActionFilters filters, ClusterService cluster) {
        super(
                TYPE.name(),
                filters,
                transport.getTaskManager(),
                EsExecutors.DIRECT_EXECUTOR_SERVICE);
        this.cluster = cluster;
    }

    @Override
    protected void doExecute(Task task, Request request, ActionListener<Answer> listener) {
        listener.onResponse(
                new Answer(
                        cluster.getNodeName(),
                        cluster.getClusterName().value(),
                        cluster.state().metadata().clusterUUID()));
    }

    /** Nothing is asked but to answer. */
    public static final class Request extends ActionRequest {
        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    /** Which node this is, and of which version. */
    public static final class Answer extends ActionResponse implements ToXContentObject {
        private final String node;
        private final String clusterName;
        private final String clusterUuid;

        Answer(String node, String clusterName, String clusterUuid) {
            this.node = node;
            this.clusterName = clusterName;
            this.clusterUuid = clusterUuid;
        }

        @Override
        public void writeTo(StreamOutput out) {
            TransportAction.localOnly();
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder body, Params params) throws IOException {
            Build build = Build.current();
            body.startObject();
            body.field("name", node);
            body.field("cluster_name", clusterName);
            body.field("cluster_uuid", clusterUuid);
            body.startObject("version");
            body.field("number", build.qualifiedVersion());
            body.field("build_flavor", build.flavor());
            body.field("build_type", build.type().displayName());
            body.field("build_hash", build.hash());
            body.field("build_date", build.date());
            body.field("build_snapshot", build.isSnapshot());
            body.field("lucene_version", IndexVersion.current().luceneVersion().toString());
            body.field("minimum_wire_compatibility_version", build.minWireCompatVersion());
            body.field("minimum_index_compatibility_version", build.minIndexCompatVersion());
            body.endObject();
            body.field("tagline", "You Know, for Search");
            return body.endObject();
        }
    }

    /** The way from HTTP to the action. */
    static final class Handler extends BaseRestHandler {
        @Override
        public String getName() {
            return "newsline_root";
        }

        @Override
        public List<Route> routes() {
            return List.of(
                    new Route(RestRequest.Method.GET, "/"),
                    new Route(RestRequest.Method.HEAD, "/"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            return channel ->
                    client.execute(TYPE, new Request(), new RestToXContentListener<>(channel));
        }
    }
}
