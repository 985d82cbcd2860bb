#include "workers/travel/travel.h"

int main(int argc, char** argv) {
  return skald::service::Main(argc, argv, skald::travel::Service());
}
