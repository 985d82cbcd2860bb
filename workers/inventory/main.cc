#include "workers/inventory/inventory.h"

int main(int argc, char** argv) {
  return skald::service::Main(argc, argv, skald::inventory::Service());
}
