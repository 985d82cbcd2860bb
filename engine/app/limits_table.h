// The bounds in force, for AdminService.ListLimits: the core's constants and this server's
// settings.
#pragma once

#include <vector>

#include "engine/app/server_config.h"
#include "engine/grpc/admin_service.h"

namespace skald::app {

std::vector<grpc_edge::NamedLimit> LimitsTable(const ServerConfig& config);

}  // namespace skald::app
