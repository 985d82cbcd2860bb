#include "workers/shipping/shipping.h"

int main(int argc, char** argv) {
  return skald::service::Main(argc, argv, skald::shipping::Service());
}
