use tonic::transport::Channel;
use tutti_proto::v1;
use tutti_proto::v1::ops_service_client::OpsServiceClient;

use crate::{Client, ClientError};

impl Client {
    /// What one of the servers can do, and within which limits.
    pub async fn capabilities(&self) -> Result<v1::GetCapabilitiesResponse, ClientError> {
        let send = async |channel: Channel, request| {
            OpsServiceClient::new(channel)
                .get_capabilities(request)
                .await
        };
        let request = v1::GetCapabilitiesRequest {};
        self.endpoints.call(&request, send).await
    }

    /// The backends of one of the servers and the queue before them.
    pub async fn backends(&self) -> Result<v1::GetBackendsResponse, ClientError> {
        let send = async |channel: Channel, request| {
            OpsServiceClient::new(channel).get_backends(request).await
        };
        let request = v1::GetBackendsRequest {};
        self.endpoints.call(&request, send).await
    }

    /// Has one of the servers test a backend, or all of them.
    pub async fn self_test(
        &self,
        backend: Option<&str>,
    ) -> Result<Vec<v1::SelfTestResult>, ClientError> {
        let send = async |channel: Channel, request| {
            OpsServiceClient::new(channel).run_self_test(request).await
        };
        let request = v1::RunSelfTestRequest {
            backend: backend.unwrap_or_default().to_owned(),
        };
        Ok(self.endpoints.call(&request, send).await?.results)
    }
}
